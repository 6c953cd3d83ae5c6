"""The roles of a PostgreSQL server, restored from what `account_dump` kept with a copy.

Comes in: the SQL, this host's server. Goes out: roles with their passwords, settings and memberships. A part of
programs.

What is there already is not made again; what is said of it holds: a role gets the password and the rights it had.
"""

from __future__ import annotations

import contextlib

from opspact.onhost.postgresql import Database, psql_error

EXISTING = """
    SELECT 'CREATE ROLE ' || quote_ident(rolname) || ';' FROM pg_roles
    UNION ALL SELECT 'CREATE TABLESPACE ' || quote_ident(spcname) || ' ' FROM pg_tablespace"""


def restore_roles(server: Database, dumped: str) -> list[str]:
    """Given the server and all its roles as SQL, restore them; return those, as SQL, that were not there before.

    Raise PostgresqlFailed: the rest of them is missing then.
    """
    there = tuple(server.execute(EXISTING).splitlines())
    lines = [line for line in dumped.splitlines() if not (line.startswith(there) and line.startswith("CREATE "))]
    # Not as arguments: others on the host could read passwords there.
    with server.start(reads=True) as process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write("\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))
        _, said = process.communicate()
    if process.returncode != 0:
        raise psql_error(process.returncode, said.decode("utf-8", "replace"))
    return [line[len("CREATE ROLE ") :].rstrip(";") for line in lines if line.startswith("CREATE ROLE ")]
