"""The kind `backup`: what is kept, where, how long, and how it is proved that it can be brought back.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from opspact.schema.codes import Code
from opspact.schema.direction import EARLIER_CHOICE, FEWER, FEWER_HOSTS, GROWN, LATER_CHOICE, LESS, MORE, OFF, RARER
from opspact.schema.editors import any_of
from opspact.schema.fields import (
    DatabaseName,
    Distinct,
    Document,
    Elapsed,
    HostName,
    HostPath,
    HostPattern,
    Line,
    Part,
    RepositoryName,
    Secret,
    Share,
    When,
)
from opspact.schema.value_error import InvalidValueError

_Count = Field(json_schema_extra=LESS, default=0, ge=0, le=10_000, description="so many are kept", examples=[7])


_ENCRYPTED: JsonDict = {
    "if": {"properties": {"encryption": {"const": "none"}}, "required": ["encryption"]},
    "then": {"properties": {"passphrase": {"type": "null"}}},
    "else": {"required": ["passphrase"]},
}


class BackupDatabase(Part):
    """A database that is dumped."""

    postgresql: DatabaseName = Field(description="the PostgreSQL database", examples=["oa"])
    on: HostPattern | None = Field(default=None, description="only on these of the hosts", examples=["db"])


class BackupContent(Part):
    """What is backed up."""

    model_config = ConfigDict(json_schema_extra=any_of("paths", "databases"))
    paths: Distinct[HostPath] = Field(
        json_schema_extra=FEWER, default=(), description="files and folders", examples=[["/etc", "/srv"]]
    )
    exclude: Distinct[Line] = Field(
        json_schema_extra=GROWN, default=(), description="patterns left out", examples=[["*.tmp"]]
    )
    databases: tuple[BackupDatabase, ...] = Field(
        json_schema_extra=FEWER, default=(), description="databases", examples=[[{"postgresql": "oa"}]]
    )

    @model_validator(mode="after")
    def _something(self) -> "BackupContent":
        if not self.paths and not self.databases:
            raise InvalidValueError(Code.FIELD_MISSING, "nothing to back up", hint="paths: […] or databases: […]")
        return self


class BackupTarget(Part):
    """Where it is kept."""

    host: HostName = Field(description="a host of the inventory", examples=["backup1"])
    repository: RepositoryName = Field(description="the repository there", examples=["monthly"])


class Retention(Part):
    """How many backups of each age are kept."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    hourly: int = _Count
    daily: int = _Count
    weekly: int = _Count
    monthly: int = _Count
    yearly: int = _Count

    @model_validator(mode="after")
    def _something(self) -> "Retention":
        if not any((self.hourly, self.daily, self.weekly, self.monthly, self.yearly)):
            raise InvalidValueError(Code.OUT_OF_BOUNDS, "nothing would be kept", hint="for example {daily: 7}")
        return self


class RepositoryCheck(Part):
    """When the repository itself is checked."""

    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["monthly on day 3 at 04:00"])
    data: bool = Field(
        json_schema_extra=OFF, default=False, description="read all data back, not the index alone", examples=[True]
    )
    takes: Elapsed | None = Field(
        default=None, description="how long it takes, as far as the record does not know better", examples=["1h"]
    )


class DrillSample(Part):
    """How many files a drill compares: enough to find so many defects with so much confidence."""

    confidence: Share = Field(json_schema_extra=LESS, description="how sure", examples=["95%"])
    defects: Share = Field(
        json_schema_extra=MORE, description="the share of defects that would be found", examples=["5%"]
    )

    @model_validator(mode="after")
    def _possible(self) -> "DrillSample":
        for field, share in (("confidence", self.confidence), ("defects", self.defects)):
            if not 0 < share.value < 100:  # noqa: PLR2004 - per cent
                raise InvalidValueError(
                    Code.OUT_OF_BOUNDS, f"expected more than 0% and less than 100%, got {share}", below=(field,)
                )
        return self


class Drill(Part):
    """How often bringing back is tried."""

    within: Elapsed = Field(json_schema_extra=MORE, description="at least once in this time", examples=["92 days"])
    sample: DrillSample | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="how many files are compared",
        examples=[{"confidence": "95%", "defects": "5%"}],
    )


class Backup(Document):
    """A backup, on a schedule, to another host."""

    model_config = ConfigDict(json_schema_extra=_ENCRYPTED)

    kind: Literal["backup"] = Field(description="what this document is")
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="what is backed up", examples=["all:!backup"])
    what: BackupContent = Field(description="files and databases", examples=[{"paths": ["/etc"]}])
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["daily at 01:00"])
    takes: Elapsed | None = Field(
        default=None, description="how long a run takes, as far as the record does not know better", examples=["45m"]
    )
    to: BackupTarget = Field(description="where to", examples=[{"host": "backup1", "repository": "daily"}])
    strategy: Literal["incremental", "standalone"] = Field(
        json_schema_extra=EARLIER_CHOICE,
        default="incremental",
        description="standalone: its own chunks; incremental shares them with the same repository",
        examples=["standalone"],
    )
    keep: Retention = Field(description="how long", examples=[{"daily": 7, "weekly": 4}])
    rpo: Elapsed = Field(json_schema_extra=MORE, description="at most so much work is lost", examples=["25h"])
    rto: Elapsed = Field(json_schema_extra=MORE, description="brought back within", examples=["4h"])
    encryption: Literal["passphrase", "none"] = Field(
        json_schema_extra=LATER_CHOICE, default="passphrase", description="none must be said openly", examples=["none"]
    )
    passphrase: Secret | None = Field(
        default=None, description="where the passphrase is kept", examples=["secret:vault:borg"]
    )
    check: RepositoryCheck | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="checks of the repository",
        examples=[{"schedule": "weekly on sunday at 04:00"}],
    )
    drill: Drill | None = Field(
        json_schema_extra=LESS, default=None, description="restore drills", examples=[{"within": "92 days"}]
    )

    @model_validator(mode="after")
    def _encrypted_or_openly_not(self) -> "Backup":
        if self.encryption == "passphrase" and self.passphrase is None:
            hint = "passphrase: secret:vault:NAME, or openly encryption: none"
            raise InvalidValueError(Code.FIELD_MISSING, "is missing", hint=hint, below=("passphrase",))
        if self.encryption == "none" and self.passphrase is not None:
            message = "a passphrase and encryption: none contradict each other"
            raise InvalidValueError(Code.BAD_FORM, message, below=("encryption",))
        return self
