"""The check `database_growth` of an inspection.

Comes in: one mapping. Goes out: a frozen part, registered in `documents.inspection`.
"""

from typing import Annotated

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.database_items import ClusterName
from opspact.schema.direction import FEWER, LESS, OTHER
from opspact.schema.fields import DatabaseName, Days, Distinct, OnlyHosts, Part, Share
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.tables import Table
from opspact.values.period import Period
from opspact.values.schedule import Schedule

_LEAST, _MOST = 28, 366
_LEAST_DUE = 12
_WEEK = 7


def _of_weeks(baseline: Period) -> Period:
    days = (baseline.last - baseline.first).days + 1
    if not _LEAST <= days <= _MOST:
        message = f"a baseline has {_LEAST} to {_MOST} days, got {days}"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, hint="four weeks show what is usual on each day")
    return baseline


class DatabaseGrowthItem(Part):
    """Size and growth of a PostgreSQL database, free space, and rows written, on control charts with frozen limits."""

    database: DatabaseName = Field(description="the database", examples=["oa"])
    on: OnlyHosts = None
    cluster: ClusterName | None = Field(
        default=None, description="the cluster, where a host has several", examples=["15/main"]
    )
    baseline: Annotated[Days, Check(_of_weeks)] = Field(
        json_schema_extra=OTHER,
        description="the days that show what is usual; limits are frozen after the last one",
        examples=["2026-03-02..2026-03-29"],
    )
    tables: Distinct[Table] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="tables that are judged one by one, besides the whole database",
        examples=[["audit_trail", "document"]],
    )
    free_below: Share | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="warn if less is free on the file system where the data lies",
        examples=["15%"],
    )

    def check_schedule(self, schedule: Schedule) -> str:
        """Given the inspection's schedule, return why results cannot be judged by days of the week; empty: they can."""
        if not schedule.is_every_month_day or schedule.last_day or schedule.last_week or schedule.either_day:
            return "database_growth needs a schedule by days of the week"
        due = len(schedule.week_days) * ((self.baseline.last - self.baseline.first).days + 1) // _WEEK
        return "" if due >= _LEAST_DUE else f"a baseline needs {_LEAST_DUE} days with a measurement, got {due}"
