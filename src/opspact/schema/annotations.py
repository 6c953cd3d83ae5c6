"""What reads and checks a field's value, said beside its type in `Annotated`.

Comes in: functions that take a value and return one, or raise ValueError. Goes out: annotations that pydantic builds
validators from. Pydantic's own (`PlainValidator`, `AfterValidator`, `BeforeValidator`) do the same to a value, but read
each function's signature again for every field, and build for each how its value would be written back: a quarter of
what building all models takes.
"""

from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Parse:
    """Makes the value of whatever is written; the type beside it says what comes out."""

    def __init__(self, parse: Callable[[object], object]) -> None:
        self.parse = parse

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return what pydantic validates by."""
        return core_schema.no_info_plain_validator_function(self.parse)


class Check:
    """Takes a value that has the type already, and returns it or what is meant by it."""

    def __init__(self, check: Callable[[Any], object]) -> None:
        self.check = check

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return what pydantic validates by."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))


class Rewrite:
    """Takes whatever is written, and returns what the type accepts; the JSON Schema says `accepted`, if that is given.

    `accepted`: the type of all that may be written.
    """

    def __init__(self, rewrite: Callable[[object], object], accepted: object = None) -> None:
        self.rewrite = rewrite
        self.accepted = accepted

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return what pydantic validates by."""
        accepted = None if self.accepted is None else handler.generate_schema(self.accepted)
        return core_schema.no_info_before_validator_function(
            self.rewrite, handler(source), json_schema_input_schema=accepted
        )
