"""The kind `backup`: what is backed up, where to, how long copies are kept, and how restores are tested.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from opspact.schema.codes import Code
from opspact.schema.direction import (
    EARLIER_CHOICE,
    FEWER,
    FEWER_HOSTS,
    GROWN,
    LATER,
    LATER_CHOICE,
    LESS,
    MORE,
    OFF,
    ONLY_HOSTS,
    RARER,
)
from opspact.schema.editors import any_of, one_of
from opspact.schema.escrow import Escrow
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

_Count = Field(json_schema_extra=LESS, default=0, ge=0, le=10_000, description="number of backups kept", examples=[7])


_ENCRYPTED: JsonDict = {
    "if": {"properties": {"encryption": {"const": "none"}}, "required": ["encryption"]},
    "then": {"properties": {"passphrase": {"type": "null"}}},
    "else": {"required": ["passphrase"]},
}


class BackupDatabase(Part):
    """A database to dump, of PostgreSQL or of MariaDB."""

    model_config = ConfigDict(json_schema_extra=one_of("postgresql", "mariadb"))
    postgresql: DatabaseName | None = Field(default=None, description="the PostgreSQL database", examples=["oa"])
    mariadb: DatabaseName | None = Field(default=None, description="the MariaDB database", examples=["shop"])
    on: HostPattern | None = Field(
        json_schema_extra=ONLY_HOSTS, default=None, description="only on hosts that match this pattern", examples=["db"]
    )

    @model_validator(mode="after")
    def _one(self) -> "BackupDatabase":
        if (self.postgresql is None) == (self.mariadb is None):
            hint = "postgresql: NAME or mariadb: NAME"
            raise InvalidValueError(Code.FIELD_MISSING, "expected the name of one database", hint=hint)
        return self


class BackupContent(Part):
    """What is backed up."""

    model_config = ConfigDict(json_schema_extra=any_of("paths", "databases"))
    paths: Distinct[HostPath] = Field(
        json_schema_extra=FEWER, default=(), description="files and directories", examples=[["/etc", "/srv"]]
    )
    exclude: Distinct[Line] = Field(
        json_schema_extra=GROWN, default=(), description="patterns to exclude", examples=[["*.tmp"]]
    )
    databases: tuple[BackupDatabase, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="databases to dump",
        examples=[[{"postgresql": "oa"}, {"mariadb": "shop"}]],
    )

    @model_validator(mode="after")
    def _something(self) -> "BackupContent":
        if not self.paths and not self.databases:
            raise InvalidValueError(
                Code.FIELD_MISSING, "no paths or databases to back up", hint="paths: […] or databases: […]"
            )
        return self


class BackupTarget(Part):
    """Where backups are stored."""

    host: HostName = Field(description="a host in the inventory", examples=["backup1"])
    repository: RepositoryName = Field(description="the repository on that host", examples=["monthly"])


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
            raise InvalidValueError(Code.OUT_OF_BOUNDS, "no backup would be kept", hint="for example {daily: 7}")
        return self


class RepositoryCheck(Part):
    """When the repository is checked."""

    schedule: When = Field(
        json_schema_extra=RARER, description="when the check runs", examples=["monthly on day 3 at 04:00"]
    )
    data: bool = Field(
        json_schema_extra=OFF,
        default=False,
        description="also read and verify all data, not only the index",
        examples=[True],
    )
    takes: Elapsed | None = Field(
        default=None, description="expected duration, used until past runs are on record", examples=["1h"]
    )


class DrillSample(Part):
    """How many files a restore test compares, given as a confidence and a share of defects."""

    confidence: Share = Field(
        json_schema_extra=LESS, description="the confidence of finding at least one defect", examples=["95%"]
    )
    defects: Share = Field(
        json_schema_extra=MORE, description="the share of defective files to be detected", examples=["5%"]
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
    """How often a restore is tested."""

    within: Elapsed = Field(
        json_schema_extra=MORE, description="maximum time between two restore tests", examples=["92 days"]
    )
    schedule: When | None = Field(
        json_schema_extra=RARER,
        default=None,
        description=(
            "when the backup server runs the restore test; default: at 14:00, monthly on day 12 if `within` is 62 days "
            "or more, weekly on wednesday if it is 14 days or more, otherwise daily"
        ),
        examples=["monthly on day 20 at 13:00"],
    )
    sample: DrillSample | None = Field(
        json_schema_extra=LATER,
        default=None,
        description="compare a sample of the files instead of all",
        examples=[{"confidence": "95%", "defects": "5%"}],
    )


class Backup(Document):
    """A backup, on a schedule, to another host."""

    model_config = ConfigDict(json_schema_extra=_ENCRYPTED)

    kind: Literal["backup"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS, description="the hosts to back up", examples=["all:!backup"]
    )
    what: BackupContent = Field(description="the files and databases to back up", examples=[{"paths": ["/etc"]}])
    schedule: When = Field(json_schema_extra=RARER, description="when the backup runs", examples=["daily at 01:00"])
    takes: Elapsed | None = Field(
        default=None, description="expected duration of a run, used until past runs are on record", examples=["45m"]
    )
    to: BackupTarget = Field(
        description="where backups are stored", examples=[{"host": "backup1", "repository": "daily"}]
    )
    strategy: Literal["incremental", "standalone"] = Field(
        json_schema_extra=EARLIER_CHOICE,
        default="incremental",
        description="incremental: shares chunks with other backups in the repository; standalone: does not",
        examples=["standalone"],
    )
    keep: Retention = Field(description="how many backups are kept", examples=[{"daily": 7, "weekly": 4}])
    rpo: Elapsed = Field(
        json_schema_extra=MORE,
        description="recovery point objective: the maximum age of the newest backup",
        examples=["25h"],
    )
    rto: Elapsed = Field(
        json_schema_extra=MORE, description="recovery time objective: the maximum time to restore", examples=["4h"]
    )
    encryption: Literal["passphrase", "none"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="passphrase",
        description="passphrase, or none for unencrypted backups",
        examples=["none"],
    )
    passphrase: Secret | None = Field(
        default=None, description="reference to the passphrase", examples=["secret:vault:borg"]
    )
    escrow: Escrow | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="where a copy of the passphrase is kept, for all policies with the same passphrase",
        examples=[{"where": {"en": "safe"}, "holder": "zhang-wei", "checked": "quarterly on day 10 at 10:00"}],
    )
    check: RepositoryCheck | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the repository check",
        examples=[{"schedule": "weekly on sunday at 04:00"}],
    )
    drill: Drill | None = Field(
        json_schema_extra=LESS, default=None, description="the restore test (drill)", examples=[{"within": "92 days"}]
    )

    @model_validator(mode="after")
    def _encrypted_or_openly_not(self) -> "Backup":
        if self.encryption == "passphrase" and self.passphrase is None:
            hint = "add passphrase: secret:vault:NAME, or encryption: none"
            raise InvalidValueError(Code.FIELD_MISSING, "required field is missing", hint=hint, below=("passphrase",))
        if self.encryption == "none" and self.passphrase is not None:
            message = "encryption: none does not allow a passphrase"
            raise InvalidValueError(Code.BAD_FORM, message, below=("encryption",))
        if self.encryption == "none" and self.escrow is not None:
            raise InvalidValueError(Code.BAD_FORM, "encryption: none has nothing to escrow", below=("escrow",))
        return self
