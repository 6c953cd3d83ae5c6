"""The kind `data_care`: old rows are archived, the archive is verified, and only then the rows are purged.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER_HOSTS, LESS
from opspact.schema.escrow import Escrow
from opspact.schema.fields import Document, Elapsed, HostName, HostPattern, Part, Secret, Share, When
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.ages import HowLong
from opspact.schema.values.tables import Column, Database, Table


class Selection(Part):
    """Which rows are archived and purged."""

    table: Table = Field(description="the table", examples=["audit_trail"])
    column: Column = Field(description="the column that holds each row's time", examples=["created_at"])
    older_than: HowLong = Field(
        json_schema_extra=LESS, description="the minimum age of the rows", examples=["180 days"]
    )


class Archive(Part):
    """Where rows are archived before they are purged."""

    to: HostName = Field(description="a host in the inventory, other than the database's host", examples=["backup1"])
    keep: HowLong = Field(json_schema_extra=LESS, description="how long archives are kept", examples=["24 months"])
    passphrase: Secret | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="reference to the passphrase that archives are encrypted with; without it they are not encrypted",
        examples=["secret:vault:borg"],
    )
    escrow: Escrow | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="where a copy of the passphrase is kept, for all policies with the same passphrase",
        examples=[{"where": {"en": "safe"}, "holder": "zhang-wei", "checked": "quarterly on day 10 at 10:00"}],
    )

    @model_validator(mode="after")
    def _something_to_escrow(self) -> "Archive":
        if self.escrow is not None and self.passphrase is None:
            message = "without a passphrase there is nothing to escrow"
            raise InvalidValueError(Code.BAD_FORM, message, below=("escrow",))
        return self


class Occasion(Part):
    """When rows are archived and purged."""

    schedule: When = Field(description="when the job runs", examples=["monthly on day 5 at 03:00"])
    or_free_below: Share | None = Field(
        default=None, description="also run when free space at the database falls below this share", examples=["15%"]
    )


class DataCare(Document):
    """Old rows of one table: archived on another host, then purged."""

    kind: Literal["data_care"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS, description="the hosts that have the database", examples=["db"]
    )
    database: Database = Field(description="the database", examples=[{"postgresql": "oa"}])
    select: Selection = Field(
        description="the rows to archive and purge",
        examples=[{"table": "audit_trail", "column": "created_at", "older_than": "180 days"}],
    )
    archive: Archive = Field(
        description="where the rows are archived first", examples=[{"to": "backup1", "keep": "24 months"}]
    )
    when: Occasion = Field(description="when the job runs", examples=[{"schedule": "monthly on day 5 at 03:00"}])
    takes: Elapsed | None = Field(
        default=None,
        description="expected duration of a run, used until past runs are on record",
        examples=["30m"],
    )
    batch: int = Field(
        default=5000, ge=1, le=1_000_000, description="maximum number of rows per transaction", examples=[5000]
    )
