"""The kind `visit`: scheduled visits to the customer.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, MORE, RARER
from opspact.schema.fields import Distinct, Document, Elapsed, Name, When
from opspact.schema.value_error import InvalidValueError

Recorded = Literal["complaints", "satisfaction", "suggestions"]


class Visit(Document):
    """A visit to the customer to collect feedback and suggestions."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"answered_within": ["records"]}})
    kind: Literal["visit"] = Field(description="the kind of this policy")
    schedule: When = Field(
        json_schema_extra=RARER, description="when the visit takes place", examples=["quarterly on day 15 at 10:00"]
    )
    by: Name = Field(description="the team or person making the visit", examples=["customer-service"])
    records: Distinct[Recorded] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what is recorded",
        examples=[["satisfaction", "suggestions"]],
    )
    answered_within: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="time limit for replying to suggestions",
        examples=["14 days"],
    )
    takes: Elapsed | None = Field(default=None, description="the duration of one visit", examples=["3h"])

    @model_validator(mode="after")
    def _answers_what_it_records(self) -> "Visit":
        if self.answered_within is not None and not self.records:
            message = "answered_within requires records"
            raise InvalidValueError(
                Code.FIELD_MISSING, message, hint="records: [suggestions]", below=("answered_within",)
            )
        return self
