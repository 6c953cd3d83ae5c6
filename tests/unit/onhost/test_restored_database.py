"""A database that is restored beside the live ones, from a dump in a copy: on a real PostgreSQL."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from restoring import DUMP, ROLES, Host
from sqlalchemy import Connection, text

pytestmark = pytest.mark.slow

TABLES = """
CREATE ROLE "Clerk 'A'" NOLOGIN;
CREATE TABLE document (id integer PRIMARY KEY, title text);
INSERT INTO document SELECT n, '文件' || n FROM generate_series(1, 300) AS n;
CREATE TABLE trail (n integer);
ALTER TABLE document OWNER TO "Clerk 'A'";
GRANT SELECT ON trail TO "Clerk 'A'";
COMMENT ON TABLE trail IS 'kept'
"""
ROWS = {"public.document": 300, "public.trail": 0}


@pytest.fixture
def live(machine: Machine, postgresql: str, postgresql_owner: Connection) -> Host:
    """Return a host with a live database `oa`, of which there is a copy."""
    host = Host(machine)
    folder = str(max(Path("/usr/lib/postgresql").glob("*/bin")))
    socket = postgresql.partition("host=")[2]
    path = f"{host.machine.folder}/bin:{folder}:/usr/bin:/bin"
    host.machine.environment.update(PGHOST=socket, PGUSER="auditor", PATH=path)
    for name in ("oa", "oa_restored"):
        postgresql_owner.execute(text(f"DROP DATABASE IF EXISTS {name}"))
    postgresql_owner.execute(text("DROP ROLE IF EXISTS \"Clerk 'A'\""))
    postgresql_owner.execute(text("CREATE DATABASE oa TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"))
    psql(host, "oa", TABLES)
    psql(host, "oa", "ALTER DATABASE oa SET work_mem TO '7MB'")
    words = ["pg_dump", "--format=custom", "--compress=0", "oa"]
    host.holds(DUMP, subprocess.run(words, env=environment(host), capture_output=True, check=True).stdout)
    return host


def environment(host: Host) -> dict[str, str]:
    return {**os.environ, **host.machine.environment}


def psql(host: Host, database: str, sql: str) -> str:
    words = ["psql", "-XAtqd", database, "-v", "ON_ERROR_STOP=1", "-c", sql]
    done = subprocess.run(words, env=environment(host), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def names_of(host: Host) -> set[str]:
    return {*psql(host, "postgres", "select datname from pg_database").splitlines()} - {"template0", "template1"}


def held(host: Host, **changed: object) -> dict[str, Any]:
    dump = (host.repository / "content" / DUMP).read_bytes()
    facts = {"bytes": len(dump), "sha256": hashlib.sha256(dump).hexdigest(), "rows": ROWS, **changed}
    return {"files": 4, "databases": {"oa": facts}}


def test_a_database_comes_back_under_another_name_with_owners_and_every_row(live: Host) -> None:
    name = live.copy("a1", **held(live))
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"], result["is_compared"]) == (0, "ok", True), result
    assert result["archive"]["name"] == name
    assert result["database"] == {"name": "oa_restored", "of": "oa", "tables": 2, "rows": 300, "roles": []}
    assert psql(live, "oa_restored", "select count(*), max(title) from document") == "300|文件99"
    owner = psql(live, "oa_restored", "select tableowner from pg_tables where tablename = 'document'")
    assert owner == "Clerk 'A'"
    assert psql(live, "oa_restored", "select obj_description('trail'::regclass)") == "kept"
    assert psql(live, "oa_restored", "show work_mem") != "7MB"
    assert names_of(live) == {"postgres", "oa", "oa_restored"}
    assert live.leftovers() == []


def test_the_live_name_and_any_other_that_is_there_is_refused(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "oa", "insert into trail values (1)")
    for taken in ("oa", "postgres"):
        status, result = live.restore(database={"name": "oa", "as": taken})
        assert (status, result["verdict"], "already" in result["message"]) == (1, "unknown", True), result
    assert psql(live, "oa", "select count(*) from trail") == "1"
    assert names_of(live) == {"postgres", "oa"}
    assert "extract" not in (live.repository / "asked").read_text()


def test_a_database_that_is_gone_comes_back_with_its_settings_and_its_roles(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "postgres", "drop database oa")
    psql(live, "postgres", "drop role \"Clerk 'A'\"")
    status, result = live.restore(database={"name": "oa", "as": "oa"})
    assert (status, result["verdict"], "does not exist" in result["message"]) == (1, "unknown", True), result
    assert names_of(live) == {"postgres"}
    status, result = live.restore(database={"name": "oa", "as": "oa", "create_roles": True})
    assert (status, result["verdict"]) == (0, "ok"), result
    assert result["database"]["roles"] == ["\"Clerk 'A'\""]
    assert psql(live, "oa", "show work_mem") == "7MB"
    assert psql(live, "oa", "select rolcanlogin from pg_roles where rolname = 'Clerk ''A'''") == "f"


def test_roles_that_the_copy_has_come_back_with_their_passwords(live: Host) -> None:
    psql(live, "postgres", "alter role \"Clerk 'A'\" login password 'secret'")
    query = "select rolcanlogin, rolpassword from pg_authid where rolname like 'Clerk%'"
    before = psql(live, "postgres", query)
    words = ["pg_dumpall", "--globals-only"]
    live.holds(ROLES, subprocess.run(words, env=environment(live), capture_output=True, check=True).stdout)
    live.copy("a1", **held(live))
    psql(live, "postgres", "drop database oa")
    psql(live, "postgres", "drop role \"Clerk 'A'\"")
    status, result = live.restore(database={"name": "oa", "as": "oa", "create_roles": True})
    assert (status, result["verdict"]) == (0, "ok"), result
    assert (result["database"]["restored_roles"], result["database"]["roles"]) == (["\"Clerk 'A'\""], [])
    assert psql(live, "postgres", query) == before
    assert "cannot log in" not in result["message"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rows": {**ROWS, "public.trail": 2}}, "public.trail has 0 rows, had 2"),
        ({"sha256": "0" * 64}, "another size or checksum"),
    ],
)
def test_a_dump_that_is_not_the_one_that_was_made_is_bad(live: Host, changed: dict[str, Any], words: str) -> None:
    live.copy("a1", **held(live, **changed))
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"], words in result["message"]) == (1, "critical", True), result
    assert names_of(live) == {"postgres", "oa"}
    assert live.leftovers() == []


def test_half_a_dump_is_bad(live: Host) -> None:
    whole = (live.repository / "content" / DUMP).read_bytes()
    live.holds(DUMP, whole[: len(whole) // 2])
    live.copy("a1")
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"]) == (1, "critical"), result
    assert names_of(live) == {"postgres", "oa"}


def test_a_database_that_is_in_no_copy_is_said(live: Host) -> None:
    live.copy("a1", **held(live))
    status, result = live.restore(database={"name": "ob", "as": "ob_restored"})
    assert (status, "ob is not in" in result["message"]) == (1, True), result


def test_a_database_that_was_not_restored_to_its_end_is_removed_and_no_other(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "postgres", "create database opspact_restore_0123456789ab")
    state = live.machine.folder / "state"
    state.mkdir()
    for name in ("opspact_restore_0123456789ab", "oa"):
        (state / "nightly.json").write_text(json.dumps({"database": name, "folder": "/etc", "work": str(state)}))
        assert live.machine.run("restore", live.settings(), "remove").returncode == 0
        assert names_of(live) == {"postgres", "oa"}
    assert state.is_dir()
