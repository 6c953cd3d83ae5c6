"""JSON Schema of policy files, from the models of what is written: what editors complete, explain and underline.

Comes in: a kind, or nothing. Goes out: JSON text, draft 2020-12.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from pydantic.json_schema import GenerateJsonSchema

from opspact.schema.kinds import KINDS
from opspact.structs import Struct

POLICY_FILE = "policy.schema.json"
"""The schema of every document: the one that a file's first line names, since a file may hold several kinds."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class PolicySchema(GenerateJsonSchema):
    """Values that stand for written text are shown as that text."""

    def encode_default(self, dft: object) -> object:
        """Given a field's default, return it as JSON data."""
        return str(dft) if isinstance(dft, Struct | date) else super().encode_default(dft)


@cache
def schema_of_kind(kind: str) -> str:
    """Given a known kind, return the schema of its documents."""
    return _text({"$schema": _DIALECT, **_model(kind, "#/$defs/{model}")})


@cache
def schema_of_all() -> str:
    """Return one schema of every document: `kind` says which of them applies."""
    parts: dict[str, object] = {}
    for kind in KINDS:
        schema = _model(kind, f"#/$defs/{kind}.{{model}}")
        inner = schema.pop("$defs", {})
        parts |= {f"{kind}.{name}": part for name, part in inner.items()} if isinstance(inner, Mapping) else {}
        parts[kind] = schema
    choices = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in KINDS
    ]
    return _text(
        {
            "$schema": _DIALECT,
            "title": "opspact policy",
            "type": "object",
            "properties": {"kind": {"description": "what this document is", "enum": list(KINDS)}},
            "required": ["kind"],
            "allOf": choices,
            "$defs": parts,
        }
    )


def schema_files() -> dict[str, str]:
    """Return the schemas by file name: `policy.schema.json`, and one of each kind."""
    return {POLICY_FILE: schema_of_all(), **{f"{kind}.schema.json": schema_of_kind(kind) for kind in KINDS}}


def modeline(path: str) -> str:
    """Given the way from a policy file to its schema, return the file's first line, read by editors."""
    return f"# yaml-language-server: $schema={path}\n"


def _model(kind: str, references: str) -> dict[str, object]:
    schema = KINDS[kind].model_json_schema(ref_template=references, schema_generator=PolicySchema)
    for part in _mappings(schema):
        _tidy(part)
    return schema


def _mappings(value: object) -> Iterator[dict[str, object]]:
    match value:
        case dict():
            yield value
            for inner in value.values():
                yield from _mappings(inner)
        case list():
            for inner in value:
                yield from _mappings(inner)


def _tidy(part: dict[str, object]) -> None:
    """Take out titles that only repeat a key, and refuse the keys of a mapping that do not match."""
    if isinstance(fields := part.get("properties"), dict):
        for field in fields.values():
            field.pop("title", None)
    if "patternProperties" in part:
        part["additionalProperties"] = False
    if isinstance(keys := part.pop("propertyNames", None), dict):
        part["x-keys"] = keys.get("x-written-as", "text")


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
