"""A database that is restored from its dump into this host's PostgreSQL, beside those that are there.

Comes in: a dump in PostgreSQL's custom format, a name that is free. Goes out: the database with its owners, encoding
and privileges of its objects; how many rows it has. Part of `restore`.

It is made under a name of its own that nothing else has, and gets the wanted one when it is complete: nobody ever sees
half of it under that name. What belongs to the database itself (`ALTER DATABASE … SET`, `GRANT … ON DATABASE`) is
restored only when it gets the name that it had.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

from opspact.onhost.failure_reason import failure_reason
from opspact.onhost.postgresql import Database, account_identity, identifier, literal
from opspact.onhost.postgresql_failure import is_dump_broken
from opspact.onhost.restore_failure import NotRestored
from opspact.onhost.restored_roles import restore_roles
from opspact.onhost.row_counts import COUNT_ROWS

UNFINISHED_DATABASE = "opspact_restore_"
MAINTENANCE_DATABASE = "postgres"
WORD = r'("(?:[^"]|"")+"|[\w$]+)'
CREATED = re.compile(rf"^CREATE DATABASE {WORD} WITH (.*);$", re.MULTILINE)
OWNED = re.compile(rf"^ALTER DATABASE {WORD} OWNER TO {WORD};$", re.MULTILINE)
OF_DATABASE = re.compile(
    rf"^(?:ALTER DATABASE {WORD} SET|ALTER ROLE {WORD} IN DATABASE {WORD} SET"
    rf"|GRANT [A-Z,]+ ON DATABASE {WORD} TO|REVOKE [A-Z,]+ ON DATABASE {WORD} FROM) .*;$",
    re.MULTILINE,
)
ROLES = re.compile(
    rf"^(?:ALTER .* OWNER TO|GRANT .* TO|REVOKE .* FROM|ALTER DEFAULT PRIVILEGES FOR ROLE) {WORD}"
    r"(?=;$| WITH | IN | GRANT | REVOKE )",
    re.MULTILINE,
)


class LiveServer:
    """This host's PostgreSQL, as the account that may do anything there."""

    def __init__(self, account: str) -> None:
        self.account = account

    @property
    def database(self) -> Database:
        """The database from which others are made."""
        return Database(MAINTENANCE_DATABASE, self.account)

    def execute(self, *statements: str, database: str = MAINTENANCE_DATABASE) -> str:
        """Have statements carried out, and return what they answer. Raise PostgresqlFailed."""
        return Database(database, self.account).execute(*statements)

    def has_database(self, name: str) -> bool:
        """Return whether there is a database of a name. Raise PostgresqlFailed: nobody knows."""
        query = f"select 1 from pg_database where datname = {literal(name)}"  # noqa: S608 - quoted by `literal`
        return bool(self.execute(query).strip())

    def drop_unfinished(self, name: str) -> None:
        """Remove a database that was not restored to its end; never one of another name. Raise PostgresqlFailed."""
        if name.startswith(UNFINISHED_DATABASE):
            self.execute(f"drop database if exists {identifier(name)} with (force)")

    def read_dump(self, dump: Path, *arguments: str) -> str:
        """Have pg_restore read a dump and return what it prints. Raise NotRestored unless it ends with 0."""
        try:
            user, group, groups = account_identity(self.account)
            with dump.open("rb") as content:
                done = subprocess.run(
                    ("pg_restore", *arguments),
                    cwd="/",
                    env={**os.environ, "LC_ALL": "C.UTF-8", "PGAPPNAME": "opspact"},
                    stdin=content,
                    capture_output=True,
                    errors="replace",
                    check=False,
                    user=user,
                    group=group,
                    extra_groups=groups,
                )
        except (OSError, KeyError) as error:
            raise NotRestored(f"pg_restore cannot be started: {error}") from error
        if done.returncode != 0:
            verdict = "critical" if is_dump_broken(done.stderr, done.returncode) else "unknown"
            raise NotRestored(f"the dump cannot be restored: {failure_reason(done.stderr, done.returncode)}", verdict)
        return done.stdout


class RestoredDatabase:
    """One dump on its way into a database. `unfinished` is what that is called until it is complete."""

    def __init__(self, server: LiveServer, dump: Path) -> None:
        self.server = server
        self.dump = dump
        self.unfinished = f"{UNFINISHED_DATABASE}{secrets.token_hex(6)}"
        self.definition = server.read_dump(dump, "--create", "--schema-only", "--file=-")

    @property
    def to_remove(self) -> dict[str, str]:
        """What has to be known to remove what is not complete."""
        return {"database": self.unfinished}

    def restore_accounts(self, dumped: str) -> dict[str, Any]:
        """Restore roles, given all of a server as SQL, make those that are missing still, and return both.

        Raise PostgresqlFailed.
        """
        made = restore_roles(self.server.database, dumped) if dumped else []
        return {"restored_roles": made, "roles": self.create_owners()}

    def missing_owners(self) -> list[str]:
        """Return the roles, as SQL, that the dump names as owners or gives privileges to, and that are not here."""
        named = {match[1] for match in ROLES.finditer(self.definition)} - {"PUBLIC"}
        answer = self.server.execute("select quote_ident(rolname) from pg_roles")
        return sorted(named - {*answer.splitlines()})

    def create_owners(self) -> list[str]:
        """Create the roles that are missing, none of which can log in then, and return them."""
        missing = self.missing_owners()
        if missing:
            self.server.execute(*(f"create role {role} nologin" for role in missing))
        return missing

    def restore(self) -> dict[str, int]:
        """Restore the dump and return the rows of each table. Raise NotRestored, PostgresqlFailed."""
        created = CREATED.search(self.definition)
        if created is None:
            raise NotRestored("the dump does not say how its database was made", "critical")
        self.server.execute(f"create database {identifier(self.unfinished)} with {created[2]}")
        self.server.read_dump(self.dump, "--exit-on-error", f"--dbname={self.unfinished}")
        if owned := OWNED.search(self.definition):
            self.server.execute(f"alter database {identifier(self.unfinished)} owner to {owned[2]}")
        rows: dict[str, int] = json.loads(self.server.execute(COUNT_ROWS, database=self.unfinished))
        return rows

    def give_name(self, name: str, *, of_source: str) -> None:
        """Give the database its name. Raise PostgresqlFailed, as when that is not free any more."""
        renamed = f"alter database {identifier(self.unfinished)} rename to {identifier(name)}"
        more = [match[0] for match in OF_DATABASE.finditer(self.definition)] if name == of_source else []
        self.server.execute("begin", renamed, *more, "commit")
