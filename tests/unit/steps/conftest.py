"""A server of our own for steps that are about databases."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from table_server import Database, DatabaseHost


@pytest.fixture
def host(tmp_path: Path, postgresql_server: str) -> DatabaseHost:
    found = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return DatabaseHost(tmp_path, postgresql_server, Path(found).resolve().with_name("psql"))


@pytest.fixture
def database(postgresql: str, postgresql_owner: Connection) -> Database:
    """Return what carries out one statement in the empty database and returns its rows."""
    assert postgresql

    def run(statement: str) -> list[tuple[object, ...]]:
        done = postgresql_owner.execute(text(statement))
        return [tuple(row) for row in done] if done.returns_rows else []

    return run
