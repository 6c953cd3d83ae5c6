"""The kind `inspection`: scheduled checks of hosts, with thresholds.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.checks import HttpCheck, TcpCheck
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOSTS, LESS, LIGHTER, MORE, ONLY_HOSTS, RARER
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
from opspact.schema.values.durations import parse_duration
from opspact.values.percent import Percent


class DiskItem(Part):
    """How full a file system is."""

    mount: MountPath = Field(description="the mount point", examples=["/"])
    warn: Share = Field(json_schema_extra=MORE, description="warning threshold: used space", examples=["80%"])
    critical: Share = Field(json_schema_extra=MORE, description="critical threshold: used space", examples=["90%"])
    full_within: Elapsed | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="warn if, at the current rate of growth, it is full within this time",
        examples=["72h"],
    )

    @model_validator(mode="after")
    def _in_order(self) -> "DiskItem":
        _refuse_reversed(self.warn, self.critical)
        return self


class MemoryItem(Part):
    """How much memory is in use."""

    warn: Share = Field(json_schema_extra=MORE, description="warning threshold: used memory", examples=["85%"])
    critical: Share = Field(json_schema_extra=MORE, description="critical threshold: used memory", examples=["95%"])

    @model_validator(mode="after")
    def _in_order(self) -> "MemoryItem":
        _refuse_reversed(self.warn, self.critical)
        return self


class UnitsItem(Part):
    """How many systemd units have failed."""

    failed: int = Field(
        json_schema_extra=MORE, default=0, ge=0, le=100_000, description="maximum number of failed units", examples=[0]
    )


class TimeItem(Part):
    """The offset of the clock, and whether its time servers still answer."""

    offset: Elapsed = Field(json_schema_extra=MORE, description="maximum offset", examples=["500ms"])
    updated_within: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("3h"),
        description="maximum age of the last measurement against a time server",
        examples=["3h"],
    )


class ConnectionsItem(Part):
    """How many of the allowed connections are in use."""

    warn: Share = Field(json_schema_extra=MORE, description="warning threshold: connections in use", examples=["80%"])
    critical: Share | None = Field(
        json_schema_extra=MORE, default=None, description="critical threshold: connections in use", examples=["95%"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> "ConnectionsItem":
        if self.critical is not None:
            _refuse_reversed(self.warn, self.critical)
        return self


class PostgresqlItem(Part):
    """A PostgreSQL database that accepts connections."""

    database: DatabaseName = Field(description="the database", examples=["oa"])
    on: HostPattern | None = Field(
        json_schema_extra=ONLY_HOSTS,
        default=None,
        description="only on hosts that match this pattern",
        examples=["db"],
    )
    connections: ConnectionsItem | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for connections in use",
        examples=[{"warn": "80%"}],
    )


class LoadItem(Part):
    """The load of the last five minutes, per core."""

    warn: float = Field(
        json_schema_extra=MORE, gt=0, le=1000, description="warning threshold: load per core", examples=[1.5]
    )
    critical: float = Field(
        json_schema_extra=MORE, gt=0, le=1000, description="critical threshold: load per core", examples=[4]
    )

    @model_validator(mode="after")
    def _in_order(self) -> "LoadItem":
        if self.critical <= self.warn:
            message = f"critical ({self.critical:g}) must be above warn ({self.warn:g})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
        return self


InspectionCheck = DiskItem | MemoryItem | UnitsItem | TimeItem | PostgresqlItem | HttpCheck | TcpCheck | LoadItem


class InspectionItem(OneKey):
    """One check."""

    what: ClassVar[str] = "check"
    disk: DiskItem | None = Field(default=None, description="a file system", examples=[{"mount": "/"}])
    memory: MemoryItem | None = Field(default=None, description="memory", examples=[{"warn": "85%"}])
    units: UnitsItem | None = Field(default=None, description="failed units", examples=[{"failed": 0}])
    time: TimeItem | None = Field(default=None, description="the clock", examples=[{"offset": "500ms"}])
    postgresql: PostgresqlItem | None = Field(default=None, description="a database", examples=[{"database": "oa"}])
    http: HttpCheck | None = Field(
        default=None, description="an HTTP response", examples=[{"url": "http://localhost/"}]
    )
    tcp: TcpCheck | None = Field(default=None, description="a port that accepts connections", examples=[{"port": 80}])
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
    """Scheduled checks, run on the hosts themselves."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"takes": ["read_by"]}})

    kind: Literal["inspection"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="the hosts to inspect", examples=["all"])
    schedule: When = Field(json_schema_extra=RARER, description="when the inspection runs", examples=["daily at 07:30"])
    items: NotEmpty[InspectionItem] = Field(
        json_schema_extra=FEWER, description="the checks", examples=[[{"units": {"failed": 0}}]]
    )
    critical_opens: LevelName | None = Field(
        json_schema_extra=LIGHTER,
        default=None,
        description="open a case of this level on a critical result",
        examples=["II"],
    )
    read_by: Name | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the team or person that reads the results",
        examples=["implementation"],
    )
    takes: Elapsed | None = Field(
        default=None, description="how long it takes to read the results each time", examples=["15m"]
    )

    @model_validator(mode="after")
    def _reading_is_whole(self) -> "Inspection":
        if self.takes is not None and self.read_by is None:
            message = "takes requires read_by: who reads the results"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="read_by: NAME", below=("takes",))
        return self


def _refuse_reversed(warn: Percent, critical: Percent) -> None:
    if critical.value <= warn.value:
        message = f"critical ({critical}) must be above warn ({warn})"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
