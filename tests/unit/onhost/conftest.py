"""A folder that stands for a host, for every test of this folder; a host whose rows are purged."""

from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from purging_host import TABLE, Host, Sql
from sqlalchemy import Connection, text


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def sql(postgresql: str, postgresql_owner: Connection) -> Sql:
    assert postgresql

    def run(statements: str) -> list[tuple[Any, ...]]:
        done = [postgresql_owner.execute(text(each.replace(":", r"\:"))) for each in statements.split(";\n")]
        return [tuple(row) for row in done[-1]] if done[-1].returns_rows else []

    run("DROP SCHEMA IF EXISTS opspact_purge CASCADE")
    return run


@pytest.fixture
def host(machine: Machine, postgresql_server: str, sql: Sql) -> Host:
    sql(TABLE)
    return Host(machine, postgresql_server, sql)
