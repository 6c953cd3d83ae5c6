"""The kind `contract`: customer, provider, period, time zone and language.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`; exactly one per repository.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, FEWER, MORE, OTHER, SHORTER
from opspact.schema.fields import Days, Distinct, Document, Elapsed, Line, Name, Text, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.durations import parse_duration
from opspact.schema.values.head_places import FORMS, WORDS, known_place
from opspact.schema.values.zones import known_zone
from opspact.values.duration import Duration
from opspact.values.period import Period

Zone = Annotated[
    Line, Check(known_zone), text_schema("an IANA time zone", "Asia/Shanghai", r"^[A-Za-z][A-Za-z0-9_+/-]*$")
]

HeadPlace = Annotated[
    Line,
    Check(known_place),
    text_schema(f"a place: {WORDS}", "file:/mnt/customer/heads", FORMS),
]


_YEARS = range(1970, 2200)


def _in_our_time(period: Period) -> Period:
    """Given a contract's period, return it. Raise WrongValueError for years with which clocks and calendars fail."""
    for day in (period.first, period.last):
        if day.year not in _YEARS:
            raise InvalidValueError(Code.OUT_OF_BOUNDS, f"expected years from 1970 to 2199, got {day.year:04}")
    return period


_CONFIRM_WITHIN = (parse_duration("10s"), parse_duration("1h"))


def _time_to_confirm(given: Duration) -> Duration:
    """Given how long a change waits to be confirmed, return it. Raise InvalidValueError when nobody can keep to it."""
    least, most = _CONFIRM_WITHIN
    if not least.time <= given.time <= most.time:
        raise InvalidValueError(Code.OUT_OF_BOUNDS, f"expected a time from {least} to {most}, got {given}")
    return given


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
    confirm_within: Annotated[Elapsed, Check(_time_to_confirm)] = Field(
        json_schema_extra=MORE,
        default=parse_duration("5m"),
        description="how long a host waits for a new login of apply after a change of sshd, sudo, firewall or network; "
        "then it reverts the change",
        examples=["5m"],
    )
    ledger_heads: Distinct[HeadPlace] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="where each command that recorded something keeps the signed head of the ledger",
        examples=[["git:ssh://git@git.example.com/heads.git#heads"]],
    )
