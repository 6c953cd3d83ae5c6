"""The kind `visit`: when the customer is called on, and by whom.

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
    """A visit to the customer, to hear how the service is and what should be better."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"answered_within": ["records"]}})
    kind: Literal["visit"] = Field(description="what this document is")
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["quarterly on day 15 at 10:00"])
    by: Name = Field(description="the team or person that goes", examples=["customer-service"])
    records: Distinct[Recorded] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what is asked and written down",
        examples=[["satisfaction", "suggestions"]],
    )
    answered_within: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="so soon the customer hears what becomes of what was suggested",
        examples=["14 days"],
    )
    takes: Elapsed | None = Field(default=None, description="how long it takes each time", examples=["3h"])

    @model_validator(mode="after")
    def _answers_what_it_records(self) -> "Visit":
        if self.answered_within is not None and not self.records:
            message = "nothing is written down that could be answered"
            raise InvalidValueError(
                Code.FIELD_MISSING, message, hint="records: [suggestions]", below=("answered_within",)
            )
        return self
