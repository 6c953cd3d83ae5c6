"""The kind `log_review`: scheduled reviews of host logs, with a report of activity and anomalies.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import FEWER, FEWER_HOSTS, GROWN, LATER_CHOICE, LESS, MORE, MORE_HOURS, RARER
from opspact.schema.editors import SchemaWords
from opspact.schema.fields import (
    Account,
    Distinct,
    Document,
    Elapsed,
    HostPattern,
    Name,
    Part,
    When,
    not_empty,
)
from opspact.schema.values.durations import parse_duration

Source = Literal["journal", "logins", "sudo", "postgresql", "mariadb"]
Forbidden = Literal["forbidden", "allowed"]


class OffHours(Part):
    """Hours outside of which activity is reported."""

    calendar: Name = Field(
        json_schema_extra=MORE_HOURS,
        description="report activity outside the hours of this calendar",
        examples=["desk-5x8"],
    )


class Baseline(Part):
    """How long it is learnt what is usual on a host."""

    learn: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("14 days"),
        description="report accounts, networks and keys that are new, once the host's logs were reviewed for this long",
        examples=["14 days"],
    )


class LogReview(Document):
    """Host logs, reviewed on a schedule."""

    kind: Literal["log_review"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS, description="the hosts whose logs are reviewed", examples=["all"]
    )
    schedule: When = Field(json_schema_extra=RARER, description="when the review runs", examples=["daily at 06:00"])
    sources: Annotated[Distinct[Source], Check(not_empty), SchemaWords(minItems=1)] = Field(
        json_schema_extra=FEWER,
        description="the logs to review",
        examples=[["journal", "logins", "sudo", "postgresql"]],
    )
    off_hours: OffHours | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="report logins outside working hours",
        examples=[{"calendar": "desk-5x8"}],
    )
    failed_logins: int = Field(
        json_schema_extra=MORE,
        default=10,
        ge=1,
        le=1_000_000,
        description="report an account with this many failed logins",
        examples=[10],
    )
    failures_then_success: int = Field(
        json_schema_extra=MORE,
        default=5,
        ge=1,
        le=1_000_000,
        description="report a login that follows this many failed ones of the same address within 24 hours",
        examples=[5],
    )
    many_users: int = Field(
        json_schema_extra=MORE,
        default=5,
        ge=2,
        le=64,
        description="report an address that tries to log in as this many users",
        examples=[5],
    )
    baseline: Baseline = Field(
        default_factory=Baseline,
        description="what is usual on a host is learnt first",
        examples=[{"learn": "14 days"}],
    )
    dormant_after: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("90 days"),
        description="report a login of an account that was not used for this long",
        examples=["90 days"],
    )
    passwords: Forbidden = Field(
        json_schema_extra=LATER_CHOICE,
        default="allowed",
        description="forbidden: logins with a password are reported, since keys are required",
        examples=["forbidden"],
    )
    root_logins: Forbidden = Field(
        json_schema_extra=LATER_CHOICE,
        default="forbidden",
        description="forbidden: logins as root are reported",
        examples=["forbidden"],
    )
    accounts_ignored: Distinct[Account] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="accounts whose logins are not reported, such as monitoring accounts",
        examples=[["probe"]],
    )
    read_by: Name | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the team or person that reads the report",
        examples=["quality-management"],
    )
