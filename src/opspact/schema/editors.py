"""What the JSON Schema of a type says besides its shape, so that editors see what the validators demand.

Comes in: words of JSON Schema. Goes out: marks for annotations and models.
"""

from collections.abc import Iterable, Mapping

from pydantic import GetJsonSchemaHandler, JsonValue
from pydantic.config import JsonDict
from pydantic_core import CoreSchema


class SchemaWords:
    """What the JSON Schema of a type says besides: what its validator demands, as far as a schema can say it."""

    def __init__(self, **words: JsonValue) -> None:
        self.words = words

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, JsonValue]:
        """Return the schema with these words added."""
        schema = handler(core_schema)
        handler.resolve_ref_schema(schema).update(self.words)
        return schema


class OneOrSeveral:
    """Says in the JSON Schema of a list that one item may stand there without the list."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, JsonValue]:
        """Return the schema: an item, or the list."""
        schema = handler(core_schema)
        return {"anyOf": [handler.resolve_ref_schema(schema)["items"], schema]}


def any_of(*fields: str) -> JsonDict:
    """Given fields of which at least one is needed, return what a JSON Schema says of that."""
    return {"anyOf": [{"required": [field]} for field in fields]}


def one_of(*fields: str) -> JsonDict:
    """Given fields of which exactly one is needed, return what a JSON Schema says of that."""
    return {"oneOf": [{"required": [field]} for field in fields]}


def required_when(field: str, needed: Mapping[str, Iterable[str]]) -> JsonDict:
    """Given a choice and what each of its values needs besides, return what a JSON Schema says of that."""
    rules: list[JsonValue] = [
        {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": {"required": list(fields)}}
        for value, fields in needed.items()
    ]
    return {"allOf": rules}


def required_with(field: str, *needed: str) -> JsonDict:
    """Given a list and what it needs besides unless it is empty, return what a JSON Schema says of that."""
    return {"if": {"properties": {field: {"minItems": 1}}, "required": [field]}, "then": {"required": list(needed)}}
