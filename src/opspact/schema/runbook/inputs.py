"""What a runbook asks for before it starts, and at its manual steps.

Comes in: one mapping each. Goes out: frozen parts.
"""

from typing import Annotated

from pydantic import Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.fields import Distinct, HostPattern, Line, Part, Secret, Text, text_schema
from opspact.schema.runbook.conditions import Expression
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.values.placeholders import whole_placeholder


def _hosts_or_input(text: str) -> str:
    return text if whole_placeholder(text) else validators.host_pattern(text)


HostsOrInput = Annotated[
    str,
    Check(_hosts_or_input),
    text_schema("an Ansible host pattern, or {{ NAME }} of an input of type host", "db", patterns.SOMETHING),
]

_TYPES = ("pattern", "choice", "host", "secret")


def _line_or_empty(text: str) -> str:
    return validators.one_line(text) if text else text


Default = Annotated[str, Check(_line_or_empty), text_schema("one line of text, or an empty one", "small")]


class Question(Part):
    """A value that the operator gives: text that matches a pattern, or one of several."""

    text: Text = Field(description="the question", examples=[{"en": "What is the cause?"}])
    pattern: Expression | None = Field(
        default=None, description="a regular expression that all of it matches", examples=["[a-z_]+"]
    )
    choice: Distinct[Line] = Field(default=(), description="the values to choose from", examples=[["small", "large"]])
    default: Default | None = Field(default=None, description="the value if nothing is given", examples=["small"])

    @model_validator(mode="after")
    def _one_type(self) -> "Question":
        if self.pattern is not None and self.choice:
            raise InvalidValueError(Code.BAD_FORM, "expected a pattern or a choice, got both", below=("choice",))
        if self.choice and self.default is not None and self.default not in self.choice:
            raise InvalidValueError(Code.BAD_FORM, "the default is none of the choices", below=("default",))
        return self


class Input(Part):
    """A value that is given when the runbook starts, of one type."""

    text: Text = Field(description="what it is", examples=[{"en": "The database"}])
    pattern: Expression | None = Field(
        default=None, description="text: a regular expression that all of it matches", examples=["[a-z_]+"]
    )
    choice: Distinct[Line] = Field(default=(), description="one of these texts", examples=[["small", "large"]])
    host: HostPattern | None = Field(default=None, description="one host of this pattern", examples=["db"])
    secret: Secret | None = Field(
        default=None, description="a secret, read where it is kept", examples=["secret:vault:oa"]
    )
    default: Default | None = Field(default=None, description="the value if none is given", examples=["oa"])

    @model_validator(mode="after")
    def _one_type(self) -> "Input":
        given = [name for name in _TYPES if getattr(self, name) not in {None, ()}]
        if len(given) != 1:
            got = f"got {' and '.join(given)}" if given else "got none"
            message = f"expected exactly one of {', '.join(_TYPES)}; {got}"
            raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[1:2]))
        if self.secret is not None and self.default is not None:
            raise InvalidValueError(Code.BAD_FORM, "a secret has no default", below=("default",))
        if self.choice and self.default is not None and self.default not in self.choice:
            raise InvalidValueError(Code.BAD_FORM, "the default is none of the choices", below=("default",))
        return self
