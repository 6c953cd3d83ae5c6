"""The kind `staffing`: how many people are resident and how many are on site at once.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import LESS
from opspact.schema.documents.team import Headcount
from opspact.schema.editors import any_of
from opspact.schema.fields import Distinct, Document, Name, Several
from opspact.schema.value_error import InvalidValueError


class Staffing(Document):
    """Headcounts required on every day of the contract."""

    model_config = ConfigDict(
        json_schema_extra={**any_of("resident", "on_site"), "dependentRequired": {"on_site": ["rosters"]}}
    )
    kind: Literal["staffing"] = Field(description="the kind of this policy")
    teams: Several[Name] = Field(default=(), description="the resident teams", examples=[["implementation"]])
    people: Distinct[Name] = Field(default=(), description="additional resident people", examples=[["li-na"]])
    resident: Headcount | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="how many people are resident on every day",
        examples=[{"min": 5}],
    )
    rosters: Several[Name] = Field(
        default=(), description="the rosters whose people are on site", examples=[["on-site"]]
    )
    on_site: Headcount | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="how many people are on site at once, in the hours of those rosters",
        examples=[{"min": 3, "max": 4}],
    )

    @model_validator(mode="after")
    def _both_halves(self) -> "Staffing":
        if self.resident is None and self.on_site is None:
            raise InvalidValueError(Code.FIELD_MISSING, "no headcount is given", hint="resident: {min: 5}")
        if self.resident is not None and not (self.teams or self.people):
            message = "no resident teams or people are listed"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="teams: [NAME], or people: [NAME]")
        if self.on_site is not None and not self.rosters:
            message = "no on-site rosters are listed"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="rosters: [NAME]")
        return self
