"""The kind `inspection`: a scheduled look at hosts, with thresholds.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.checks import HttpCheck, TcpCheck
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOSTS, LESS, LIGHTER, MORE, RARER
from opspact.schema.fields import (
    DatabaseName,
    Document,
    Elapsed,
    HostPattern,
    LevelName,
    MountPath,
    Name,
    NotEmpty,
    OneKey,
    Part,
    Share,
    When,
)
from opspact.schema.value_error import InvalidValueError
from opspact.values.percent import Percent


class DiskItem(Part):
    """How full a file system is."""

    mount: MountPath = Field(description="where it is mounted", examples=["/"])
    warn: Share = Field(json_schema_extra=MORE, description="used space that is worth a warning", examples=["80%"])
    critical: Share = Field(json_schema_extra=MORE, description="used space that is a fault", examples=["90%"])
    full_within: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="warn when growth fills it within this time", examples=["72h"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> "DiskItem":
        _refuse_reversed(self.warn, self.critical)
        return self


class MemoryItem(Part):
    """How much memory is in use."""

    warn: Share = Field(json_schema_extra=MORE, description="used memory that is worth a warning", examples=["85%"])
    critical: Share = Field(json_schema_extra=MORE, description="used memory that is a fault", examples=["95%"])

    @model_validator(mode="after")
    def _in_order(self) -> "MemoryItem":
        _refuse_reversed(self.warn, self.critical)
        return self


class UnitsItem(Part):
    """How many systemd units have failed."""

    failed: int = Field(
        json_schema_extra=MORE, default=0, ge=0, le=100_000, description="so many are accepted", examples=[0]
    )


class TimeItem(Part):
    """How far the clock is off."""

    offset: Elapsed = Field(json_schema_extra=MORE, description="at most", examples=["500ms"])


class ConnectionsItem(Part):
    """How many of the allowed connections are in use."""

    warn: Share = Field(json_schema_extra=MORE, description="worth a warning", examples=["80%"])
    critical: Share | None = Field(json_schema_extra=MORE, default=None, description="a fault", examples=["95%"])

    @model_validator(mode="after")
    def _in_order(self) -> "ConnectionsItem":
        if self.critical is not None:
            _refuse_reversed(self.warn, self.critical)
        return self


class PostgresqlItem(Part):
    """A PostgreSQL database that answers."""

    database: DatabaseName = Field(description="the database", examples=["oa"])
    on: HostPattern | None = Field(
        json_schema_extra=FEWER_HOSTS, default=None, description="only on these of the hosts", examples=["db"]
    )
    connections: ConnectionsItem | None = Field(
        json_schema_extra=LESS, default=None, description="connections in use", examples=[{"warn": "80%"}]
    )


class LoadItem(Part):
    """The load of the last five minutes, per core."""

    warn: float = Field(json_schema_extra=MORE, gt=0, le=1000, description="worth a warning", examples=[1.5])
    critical: float = Field(json_schema_extra=MORE, gt=0, le=1000, description="a fault", examples=[4])

    @model_validator(mode="after")
    def _in_order(self) -> "LoadItem":
        if self.critical <= self.warn:
            message = f"critical ({self.critical:g}) must be above warn ({self.warn:g})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
        return self


InspectionCheck = DiskItem | MemoryItem | UnitsItem | TimeItem | PostgresqlItem | HttpCheck | TcpCheck | LoadItem


class InspectionItem(OneKey):
    """One thing that is looked at."""

    what: ClassVar[str] = "item to look at"
    disk: DiskItem | None = Field(default=None, description="a file system", examples=[{"mount": "/"}])
    memory: MemoryItem | None = Field(default=None, description="memory", examples=[{"warn": "85%"}])
    units: UnitsItem | None = Field(default=None, description="failed units", examples=[{"failed": 0}])
    time: TimeItem | None = Field(default=None, description="the clock", examples=[{"offset": "500ms"}])
    postgresql: PostgresqlItem | None = Field(default=None, description="a database", examples=[{"database": "oa"}])
    http: HttpCheck | None = Field(default=None, description="an HTTP answer", examples=[{"url": "http://localhost/"}])
    tcp: TcpCheck | None = Field(default=None, description="an open port", examples=[{"port": 80}])
    load: LoadItem | None = Field(default=None, description="the load", examples=[{"warn": 1.5, "critical": 4}])

    @property
    def check(self) -> InspectionCheck:
        """Return the one check that is written."""
        checks = (self.disk, self.memory, self.units, self.time, self.postgresql, self.http, self.tcp, self.load)
        for found in checks:
            if found is not None:
                return found
        raise AssertionError("the validator lets exactly one through")


class Inspection(Document):
    """A look at hosts, made on the hosts, on a schedule."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"takes": ["read_by"]}})

    kind: Literal["inspection"] = Field(description="what this document is")
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="where", examples=["all"])
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["daily at 07:30"])
    items: NotEmpty[InspectionItem] = Field(
        json_schema_extra=FEWER, description="what is looked at", examples=[[{"units": {"failed": 0}}]]
    )
    critical_opens: LevelName | None = Field(
        json_schema_extra=LIGHTER,
        default=None,
        description="a critical result opens a case of this level",
        examples=["II"],
    )
    read_by: Name | None = Field(
        default=None, description="the team or person that reads the results", examples=["implementation"]
    )
    takes: Elapsed | None = Field(default=None, description="how long reading takes each time", examples=["15m"])

    @model_validator(mode="after")
    def _reading_is_whole(self) -> "Inspection":
        if self.takes is not None and self.read_by is None:
            message = "nobody is said to read the results"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="read_by: NAME", below=("takes",))
        return self


def _refuse_reversed(warn: Percent, critical: Percent) -> None:
    if critical.value <= warn.value:
        message = f"critical ({critical}) must be above warn ({warn})"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
