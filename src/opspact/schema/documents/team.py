"""The kind `team`: a part of the organisation, with its size and duties.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, LESS
from opspact.schema.fields import Document, Part, Text
from opspact.schema.value_error import InvalidValueError


class Headcount(Part):
    """How many people a team has."""

    min: int = Field(json_schema_extra=LESS, ge=0, le=100_000, description="at least", examples=[5])
    max: int | None = Field(default=None, ge=0, le=100_000, description="at most", examples=[7])

    @model_validator(mode="after")
    def _in_order(self) -> "Headcount":
        if self.max is not None and self.max < self.min:
            message = f"at most {self.max} is less than at least {self.min}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("max",))
        return self


class Team(Document):
    """A team; people say which teams they are in."""

    kind: Literal["team"] = Field(description="what this document is")
    headcount: Headcount | None = Field(
        json_schema_extra=LESS, default=None, description="its size", examples=[{"min": 5, "max": 7}]
    )
    duties: tuple[Text, ...] = Field(
        json_schema_extra=FEWER, default=(), description="what it does", examples=[[{"en": "maintenance"}]]
    )
