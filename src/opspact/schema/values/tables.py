"""What is named inside a PostgreSQL database: tables, columns, and the database itself with its host.

Comes in: text and mappings. Goes out: the same, checked.
"""

from typing import Annotated

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.fields import DatabaseName, HostPattern, Part, text_schema
from opspact.schema.values import validators

_NAME = r"[a-z_][a-z0-9_]{0,62}"

Column = Annotated[
    str,
    Check(validators.matching(_NAME, "a column name (lowercase letters, digits and _)")),
    text_schema("a column name", "created_at", f"^{_NAME}$"),
]
Table = Annotated[
    str,
    Check(
        validators.matching(
            rf"(?:{_NAME}\.)?{_NAME}", "a table name (lowercase letters, digits and _), optionally with its schema"
        )
    ),
    text_schema("a table; the default schema is public", "audit_trail", rf"^(?:{_NAME}\.)?{_NAME}$"),
]


class Database(Part):
    """A database on the hosts that the policy chooses."""

    postgresql: DatabaseName = Field(description="the PostgreSQL database", examples=["oa"])


class DatabaseOnHosts(Part):
    """A database and where it is."""

    postgresql: DatabaseName = Field(description="the PostgreSQL database", examples=["oa"])
    on: HostPattern = Field(description="the hosts that have the database", examples=["db"])
