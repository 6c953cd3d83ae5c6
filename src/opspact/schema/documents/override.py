"""The kind `override`: a swap or an absence, in a file of its own.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.fields import Document, Instant, Line, Name, Several
from opspact.schema.value_error import InvalidValueError


class Override(Document):
    """Somebody is away; somebody else may cover for them."""

    kind: Literal["override"] = Field(description="the kind of this policy")
    roster: Several[Name] = Field(
        default=(),
        description="the rosters affected; by default all, and whatever else names the person",
        examples=["hotline-night"],
    )
    from_: Instant = Field(alias="from", description="start of the absence", examples=["2026-02-16T09:00"])
    to: Instant = Field(description="end of the absence", examples=["2026-02-23T09:00"])
    away: Name = Field(description="who is away", examples=["li-na"])
    instead: Name | None = Field(
        default=None, description="who covers for them, wherever they are named", examples=["wang-fang"]
    )
    reason: Line = Field(description="the reason", examples=["leave"])

    @model_validator(mode="after")
    def _another(self) -> "Override":
        if self.instead == self.away:
            raise InvalidValueError(Code.BAD_FORM, f"{self.away} cannot cover for themselves", below=("instead",))
        return self
