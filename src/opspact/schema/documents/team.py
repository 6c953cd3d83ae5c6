"""The kind `team`: a team, with its headcount and duties.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, LESS
from opspact.schema.fields import Document, Part, Text
from opspact.schema.value_error import InvalidValueError


class Headcount(Part):
    """The headcount of a team."""

    min: int = Field(json_schema_extra=LESS, ge=0, le=100_000, description="minimum", examples=[5])
    max: int | None = Field(default=None, ge=0, le=100_000, description="maximum", examples=[7])

    @model_validator(mode="after")
    def _in_order(self) -> "Headcount":
        if self.max is not None and self.max < self.min:
            message = f"max ({self.max}) is less than min ({self.min})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("max",))
        return self


class Team(Document):
    """A team; each person lists their teams."""

    kind: Literal["team"] = Field(description="the kind of this policy")
    headcount: Headcount | None = Field(
        json_schema_extra=LESS, default=None, description="the headcount", examples=[{"min": 5, "max": 7}]
    )
    duties: tuple[Text, ...] = Field(
        json_schema_extra=FEWER, default=(), description="the team's duties", examples=[[{"en": "maintenance"}]]
    )
