"""The kind `contract`: customer, provider, period, time zone and language.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`; exactly one per repository.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, OTHER, SHORTER
from opspact.schema.fields import Days, Document, Line, Name, Text, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.zones import known_zone
from opspact.values.period import Period

Zone = Annotated[
    Line, Check(known_zone), text_schema("an IANA time zone", "Asia/Shanghai", r"^[A-Za-z][A-Za-z0-9_+/-]*$")
]


_YEARS = range(1970, 2200)


def _in_our_time(period: Period) -> Period:
    """Given a contract's period, return it. Raise WrongValueError for years with which clocks and calendars fail."""
    for day in (period.first, period.last):
        if day.year not in _YEARS:
            raise InvalidValueError(Code.OUT_OF_BOUNDS, f"expected years from 1970 to 2199, got {day.year:04}")
    return period


class Contract(Document):
    """The contract itself."""

    kind: Literal["contract"] = Field(description="the kind of this policy")
    customer: Text = Field(
        json_schema_extra=CHANGED, description="the customer", examples=[{"zh": "示例单位", "en": "Example Office"}]
    )
    provider: Text = Field(
        json_schema_extra=CHANGED, description="the provider", examples=[{"zh": "示例科技", "en": "Example Technology"}]
    )
    period: Annotated[Days, Check(_in_our_time)] = Field(
        json_schema_extra=SHORTER,
        description="the first and last day, both included",
        examples=["2026-01-01..2026-12-31"],
    )
    zone: Zone = Field(
        json_schema_extra=OTHER, description="the time zone of all times in the policies", examples=["Asia/Shanghai"]
    )
    language: Literal["zh-CN", "en"] = Field(
        json_schema_extra=CHANGED, description="the language of documents for the customer", examples=["en"]
    )
    formerly: Name | None = Field(
        default=None,
        description="the contract's previous name: what is managed under that name is taken over",
        examples=["office-2025"],
    )
