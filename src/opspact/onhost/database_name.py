"""Which database of a host is meant: one of PostgreSQL by its name alone, one of MariaDB as `mariadb/NAME`.

Comes in: such a name, or where a dump is in an archive. Goes out: the kind of server, the name there. A part of
programs.
"""

from __future__ import annotations

from pathlib import PurePath

POSTGRESQL, MARIADB = "postgresql", "mariadb"
DUMPS = "postgresql_databases"
"""The folder in which borgmatic has all dumps: it believes that each is one of PostgreSQL."""
DUMP_FOLDERS = {"localhost": POSTGRESQL, MARIADB: MARIADB}
"""The folders below it: borgmatic names them after the host of a database, which `compile.borgmatic` says."""


def engine_of(database: str) -> str:
    """Return whose database it is: PostgreSQL's or MariaDB's."""
    return MARIADB if database.startswith(f"{MARIADB}/") else POSTGRESQL


def server_name(database: str) -> str:
    """Return what a database is called on its server."""
    return database[len(MARIADB) + 1 :] if engine_of(database) == MARIADB else database


def database_of_dump(path: str) -> str:
    """Given where a file is in an archive, return the database whose dump it is; empty: it is none."""
    *_, dumps, folder, name = ("", "", *PurePath(path).parts)
    engine = DUMP_FOLDERS.get(folder) if dumps == DUMPS else None
    return {POSTGRESQL: name, MARIADB: f"{MARIADB}/{name}"}.get(engine or "", "")
