"""The kind `log_review`: a scheduled reading of hosts' logs, with a report of who did what and what is strange.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import FEWER, FEWER_HOSTS, GROWN, LESS, LIGHTER, MORE, RARER
from opspact.schema.editors import SchemaWords
from opspact.schema.fields import Account, Distinct, Document, HostPattern, LevelName, Name, Part, When, not_empty
from opspact.schema.values.ages import HowLong

Source = Literal["journal", "logins", "sudo", "postgresql"]


class OffHours(Part):
    """When somebody's work is worth a question."""

    calendar: Name = Field(description="work outside the hours of this calendar", examples=["desk-5x8"])


class LogReview(Document):
    """Logs of hosts, read on a schedule."""

    kind: Literal["log_review"] = Field(description="what this document is")
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="where", examples=["all"])
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["daily at 06:00"])
    sources: Annotated[Distinct[Source], Check(not_empty), SchemaWords(minItems=1)] = Field(
        json_schema_extra=FEWER, description="which logs", examples=[["journal", "logins", "sudo", "postgresql"]]
    )
    off_hours: OffHours | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="logins at odd hours are told",
        examples=[{"calendar": "desk-5x8"}],
    )
    failed_logins: int = Field(
        json_schema_extra=MORE,
        default=10,
        ge=1,
        le=1_000_000,
        description="so many of one account are strange",
        examples=[10],
    )
    accounts_ignored: Distinct[Account] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="accounts whose logins are not told, such as a monitor's",
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
        description="what is strange opens a case of this level",
        examples=["II"],
    )
    keep: HowLong | None = Field(
        json_schema_extra=LESS, default=None, description="how long reports are kept", examples=["12 months"]
    )
