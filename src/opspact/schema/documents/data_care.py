"""The kind `data_care`: old rows are archived, the archive is read back, and only then they are purged.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER_HOSTS, LESS
from opspact.schema.fields import Document, Elapsed, HostName, HostPattern, Part, Share, When
from opspact.schema.values.ages import HowLong
from opspact.schema.values.tables import Column, Database, Table


class Selection(Part):
    """Which rows are old."""

    table: Table = Field(description="the table", examples=["audit_trail"])
    column: Column = Field(description="the column with each row's time", examples=["created_at"])
    older_than: HowLong = Field(json_schema_extra=LESS, description="rows of that age and older", examples=["180 days"])


class Archive(Part):
    """Where the rows are kept before they are purged."""

    to: HostName = Field(description="a host of the inventory, another one than the database's", examples=["backup1"])
    keep: HowLong = Field(json_schema_extra=LESS, description="how long", examples=["24 months"])


class Occasion(Part):
    """When it is done."""

    schedule: When = Field(description="when", examples=["monthly on day 5 at 03:00"])
    or_free_below: Share | None = Field(
        default=None, description="also once less than this is free where the database lies", examples=["15%"]
    )


class DataCare(Document):
    """Old rows of one table: archived on another host, then purged."""

    kind: Literal["data_care"] = Field(description="what this document is")
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS, description="the hosts that have the database", examples=["db"]
    )
    database: Database = Field(description="the database", examples=[{"postgresql": "oa"}])
    select: Selection = Field(
        description="the rows",
        examples=[{"table": "audit_trail", "column": "created_at", "older_than": "180 days"}],
    )
    archive: Archive = Field(description="where to, before", examples=[{"to": "backup1", "keep": "24 months"}])
    when: Occasion = Field(description="when", examples=[{"schedule": "monthly on day 5 at 03:00"}])
    takes: Elapsed | None = Field(
        default=None,
        description="how long it takes each time, as far as the record does not know better",
        examples=["30m"],
    )
    batch: int = Field(default=5000, ge=1, le=1_000_000, description="rows at once, at most", examples=[5000])
