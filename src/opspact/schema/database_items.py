"""The checks that an inspection makes of databases, with their thresholds.

Comes in: one mapping each. Goes out: frozen parts, registered in `documents.inspection`.
"""

from typing import Annotated

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import LESS
from opspact.schema.fields import DatabaseName, Elapsed, OnlyHosts, Part, text_schema
from opspact.schema.limits import DurationLimits, PercentLimits
from opspact.schema.values import validators

_CLUSTER = r"[0-9.]{1,8}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}"
ClusterName = Annotated[
    str,
    Check(validators.matching(_CLUSTER, "a cluster of Debian's, VERSION/NAME")),
    text_schema("a cluster of Debian's, VERSION/NAME", "15/main", f"^{_CLUSTER}$"),
]


class DatabaseItem(Part):
    """A database that accepts connections, and the server that it is in."""

    database: DatabaseName = Field(description="the database", examples=["oa"])
    on: OnlyHosts = None
    connections: PercentLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for connections in use",
        examples=[{"warn": "80%"}],
    )
    longest_transaction: DurationLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the time that the longest transaction is open",
        examples=[{"warn": "1h"}],
    )
    full_within: Elapsed | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="warn if, at the current rate of growth, the database fills its file system within this time",
        examples=["30 days"],
    )


class PostgresqlItem(DatabaseItem):
    """A PostgreSQL database that accepts connections, and the cluster that it is in."""

    cluster: ClusterName | None = Field(
        default=None, description="the cluster, where a host has several", examples=["15/main"]
    )
    replication_lag: DurationLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the time that a standby is behind; one that receives nothing is critical",
        examples=[{"warn": "60s"}],
    )
    standbys: int | None = Field(
        json_schema_extra=LESS,
        default=None,
        ge=0,
        le=100,
        description="how many standbys must receive the changes of a primary",
        examples=[1],
    )
    wraparound: PercentLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the transaction numbers that are used up since the oldest that is not frozen",
        examples=[{"warn": "50%"}],
    )


class MariadbItem(DatabaseItem):
    """A database of MariaDB that accepts connections, and its server."""

    replication_lag: DurationLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the time that a replica is behind; one that does not follow is critical",
        examples=[{"warn": "60s"}],
    )
    replicas: int | None = Field(
        json_schema_extra=LESS,
        default=None,
        ge=0,
        le=100,
        description="how many replicas must receive the changes of a primary",
        examples=[1],
    )
