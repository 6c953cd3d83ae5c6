"""Conditions of a runbook: what a value must be for a step to be carried out, or to have succeeded.

Comes in: a mapping from names of values to comparisons, or a list of such mappings. Goes out: frozen parts.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from opspact.schema.annotations import Check, Rewrite
from opspact.schema.codes import Code
from opspact.schema.editors import SchemaWords
from opspact.schema.fields import Line, Part, text_schema
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values import validators
from opspact.text.regex import SlowExpression, refuse_slow

_VALUE = r"[a-z][a-z0-9_-]{0,63}"
_VALUE_WORDS = "the name of a value or of a step"
ValueName = Annotated[
    str, Check(validators.matching(_VALUE, _VALUE_WORDS)), text_schema(_VALUE_WORDS, "cause", f"^{_VALUE}$")
]


def regular_expression(text: str) -> str:
    """Given text, return it. Raise InvalidValueError unless it is a regular expression that a search soon ends with."""
    validators.one_line(text)
    try:
        re.compile(text)
        refuse_slow(text)
    except re.error as error:
        raise InvalidValueError(Code.BAD_FORM, f"invalid regular expression {quote(text)}: {error}") from error
    except SlowExpression as error:
        message = f"this regular expression can take exponential time: {error}"
        hint = "bound the repetitions, such as {1,64}, and do not nest them"
        raise InvalidValueError(Code.BAD_FORM, message, hint=hint) from error
    return text


Expression = Annotated[str, Check(regular_expression), text_schema("a regular expression", "[a-z_]+")]


class Comparison(Part):
    """What a value must be; all that is given must hold. A bare text stands for `is`."""

    is_: str | None = Field(default=None, alias="is", description="exactly this text", examples=["running"])
    is_not: str | None = Field(default=None, description="anything but this text", examples=["failed"])
    one_of: tuple[Line, ...] = Field(default=(), description="one of these texts", examples=[["small", "none"]])
    contains: Line | None = Field(default=None, description="it contains this text", examples=["out of memory"])
    matches: Expression | None = Field(
        default=None, description="all of it matches this regular expression", examples=["[0-9]+"]
    )
    above: int | None = Field(default=None, description="a number greater than this", examples=[0])
    below: int | None = Field(default=None, description="a number less than this", examples=[100])

    @model_validator(mode="after")
    def _something(self) -> "Comparison":
        if not self.model_fields_set:
            raise InvalidValueError(Code.FIELD_MISSING, "expected a comparison", hint="for example {contains: active}")
        return self


def _comparison(value: object) -> object:
    if isinstance(value, bool):
        return {"is": "true" if value else "false"}
    return {"is": str(value)} if isinstance(value, str | int) else value


AnyComparison = Annotated[Comparison, Rewrite(_comparison, accepted=str | int | bool | Comparison)]
Terms = Mapping[ValueName, AnyComparison]


def _alternatives(value: object) -> object:
    return (value,) if isinstance(value, Mapping) else value


def _not_empty(alternatives: tuple[Terms, ...]) -> tuple[Terms, ...]:
    if not alternatives or not all(alternatives):
        raise InvalidValueError(
            Code.FIELD_MISSING, "expected at least one comparison", hint="for example {cause: disk}"
        )
    return alternatives


Conditions = Annotated[
    tuple[Terms, ...],
    Rewrite(_alternatives, accepted=Terms | tuple[Terms, ...]),
    Check(_not_empty),
    SchemaWords(),
]
"""Comparisons that must all hold; or a list of such mappings, of which one is enough."""
