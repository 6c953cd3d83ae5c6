"""The kind `log_review`: scheduled reviews of host logs, with a report of activity and anomalies.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import FEWER, FEWER_HOSTS, GROWN, LESS, LIGHTER, MORE, MORE_HOURS, RARER
from opspact.schema.editors import SchemaWords
from opspact.schema.fields import Account, Distinct, Document, HostPattern, LevelName, Name, Part, When, not_empty
from opspact.schema.values.ages import HowLong

Source = Literal["journal", "logins", "sudo", "postgresql"]


class OffHours(Part):
    """Hours outside of which activity is reported."""

    calendar: Name = Field(
        json_schema_extra=MORE_HOURS,
        description="report activity outside the hours of this calendar",
        examples=["desk-5x8"],
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
    anomaly_opens: LevelName | None = Field(
        json_schema_extra=LIGHTER,
        default=None,
        description="open a case of this level on an anomaly",
        examples=["II"],
    )
    keep: HowLong | None = Field(
        json_schema_extra=LESS, default=None, description="how long reports are kept", examples=["12 months"]
    )
