"""The kind `inspection`: scheduled checks of hosts, with thresholds.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.checks import TcpCheck
from opspact.schema.codes import Code
from opspact.schema.database_items import MariadbItem, PostgresqlItem
from opspact.schema.direction import FEWER, FEWER_HOSTS, LESS, LIGHTER, RARER
from opspact.schema.fields import Document, Elapsed, HostPattern, LevelName, Name, NotEmpty, OneKey, When
from opspact.schema.growth_item import DatabaseGrowthItem
from opspact.schema.inspection_items import (
    DiskHealthItem,
    DiskItem,
    HttpItem,
    LoadItem,
    MemoryItem,
    ProcessItem,
    RebootItem,
    ServicesItem,
    SwapItem,
    TimeItem,
    UnitItem,
    UnitsItem,
    UpdatesItem,
)
from opspact.schema.value_error import InvalidValueError

InspectionCheck = (
    DiskItem
    | DiskHealthItem
    | MemoryItem
    | SwapItem
    | LoadItem
    | ProcessItem
    | UnitsItem
    | UnitItem
    | ServicesItem
    | TimeItem
    | RebootItem
    | UpdatesItem
    | HttpItem
    | TcpCheck
    | PostgresqlItem
    | MariadbItem
    | DatabaseGrowthItem
)


class InspectionItem(OneKey):
    """One check."""

    what: ClassVar[str] = "check"
    disk: DiskItem | None = Field(default=None, description="a file system", examples=[{"mount": "/"}])
    disk_health: DiskHealthItem | None = Field(
        default=None, description="the health that disks report", examples=[{"min": 2}]
    )
    memory: MemoryItem | None = Field(default=None, description="memory", examples=[{"warn": "85%"}])
    swap: SwapItem | None = Field(default=None, description="swap space", examples=[{"warn": "50%"}])
    load: LoadItem | None = Field(default=None, description="the load", examples=[{"warn": 1.5, "critical": 4}])
    process: ProcessItem | None = Field(default=None, description="processes", examples=[{"name": "nginx"}])
    units: UnitsItem | None = Field(default=None, description="failed units", examples=[{"failed": 0}])
    unit: UnitItem | None = Field(default=None, description="a unit", examples=[{"name": "nginx.service"}])
    services: ServicesItem | None = Field(
        default=None, description="the services of the host", examples=[{"only": ["office-automation-web"]}]
    )
    time: TimeItem | None = Field(default=None, description="the clock", examples=[{"offset": "500ms"}])
    reboot: RebootItem | None = Field(default=None, description="pending restarts", examples=[{"warn_after": "1h"}])
    updates: UpdatesItem | None = Field(
        default=None, description="package updates", examples=[{"security": {"warn": 1}}]
    )
    http: HttpItem | None = Field(default=None, description="an HTTP response", examples=[{"url": "http://localhost/"}])
    tcp: TcpCheck | None = Field(default=None, description="a port that accepts connections", examples=[{"port": 80}])
    postgresql: PostgresqlItem | None = Field(
        default=None, description="a database of PostgreSQL", examples=[{"database": "oa"}]
    )
    mariadb: MariadbItem | None = Field(
        default=None, description="a database of MariaDB", examples=[{"database": "oa"}]
    )
    database_growth: DatabaseGrowthItem | None = Field(
        default=None,
        description="size and growth of a database, and rows written on control charts",
        examples=[{"database": "oa", "baseline": "2026-03-02..2026-03-29"}],
    )

    @property
    def check(self) -> InspectionCheck:
        """Return the one check that is written."""
        (name,) = (name for name in type(self).model_fields if getattr(self, name) is not None)
        check: InspectionCheck = getattr(self, name)
        return check


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

    @model_validator(mode="after")
    def _growth_can_be_judged(self) -> "Inspection":
        seen = set()
        for index, item in enumerate(self.items):
            growth = item.database_growth
            if growth is None:
                continue
            below = ("items", index, "database_growth")
            if (which := (growth.database, growth.cluster, growth.on)) in seen:
                raise InvalidValueError(Code.BAD_FORM, f"the growth of {growth.database} is written twice", below=below)
            seen.add(which)
            if problem := growth.check_schedule(self.schedule):
                hint = "for example: daily at 07:15"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, problem, hint=hint, below=below)
        return self
