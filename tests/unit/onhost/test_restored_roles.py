"""Roles come back with their passwords, settings and memberships: dumped from and restored to a real PostgreSQL."""

import subprocess

import pytest
from sqlalchemy import Connection, text

from opspact.onhost.postgresql import Database, PostgresqlFailed
from opspact.onhost.restored_roles import restore_roles

pytestmark = pytest.mark.slow

ROLES = (
    'CREATE ROLE "Office\'s ""Clerks""" NOLOGIN',
    "CREATE ROLE oa LOGIN PASSWORD 'secret' CONNECTION LIMIT 7",
    "CREATE ROLE reader LOGIN",
    "ALTER ROLE oa SET work_mem = '64MB'",
    'GRANT "Office\'s ""Clerks""" TO oa',
)
NAMES = ("oa", "reader", 'Office\'s "Clerks"')
STATE = """
    SELECT rolname, rolcanlogin, rolconnlimit, rolpassword, s.setconfig::text, m.roleid::regrole::text
    FROM pg_authid a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid LEFT JOIN pg_auth_members m ON m.member = a.oid
    WHERE rolname = ANY (:names) ORDER BY rolname"""


def state(owner: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in owner.execute(text(STATE), {"names": list(NAMES)})]


def drop(owner: Connection, *names: str) -> None:
    for name in names:
        quoted = name.replace('"', '""')
        owner.execute(text(f'DROP ROLE IF EXISTS "{quoted}"'))


@pytest.fixture
def dumped(postgresql: str, postgresql_owner: Connection, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return all roles of the server as SQL; three were made."""
    monkeypatch.setenv("PGHOST", postgresql.partition("host=")[2])
    monkeypatch.setenv("PGUSER", "auditor")
    drop(postgresql_owner, *NAMES)
    for statement in ROLES:
        postgresql_owner.execute(text(statement))
    done = subprocess.run(["pg_dumpall", "--globals-only"], capture_output=True, text=True, check=True)
    return done.stdout


def test_roles_that_are_missing_come_back_as_they_were(dumped: str, postgresql_owner: Connection) -> None:
    before = state(postgresql_owner)
    assert len(before) == 3
    drop(postgresql_owner, "oa", 'Office\'s "Clerks"')
    made = restore_roles(Database("postgres", ""), dumped)
    assert sorted(made) == sorted(["oa", '"Office\'s ""Clerks"""'])
    assert state(postgresql_owner) == before


def test_it_may_simply_be_repeated_and_roles_get_the_password_that_they_had(
    dumped: str, postgresql_owner: Connection
) -> None:
    before = state(postgresql_owner)
    postgresql_owner.execute(text("ALTER ROLE oa NOLOGIN PASSWORD 'another'"))
    assert restore_roles(Database("postgres", ""), dumped) == []
    assert restore_roles(Database("postgres", ""), dumped) == []
    assert state(postgresql_owner) == before


@pytest.mark.usefixtures("dumped")
def test_roles_that_cannot_all_be_restored_are_a_failure() -> None:
    with pytest.raises(PostgresqlFailed, match="no_such_role"):
        restore_roles(Database("postgres", ""), "ALTER ROLE no_such_role WITH LOGIN;\n")
