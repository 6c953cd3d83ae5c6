"""A dump is proved to be whole, and its rows are those of its snapshot: by a real PostgreSQL, whole and not."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from sqlalchemy import Connection, text

pytestmark = pytest.mark.slow

TABLES = """
CREATE TABLE document (id integer PRIMARY KEY, title text);
INSERT INTO document SELECT n, repeat('文件', 200) || n FROM generate_series(1, 3000) AS n;
CREATE SCHEMA "The Archive";
CREATE TABLE "The Archive"."Old 'Ones'" (n integer);
CREATE TABLE measured (at date) PARTITION BY RANGE (at);
CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO measured VALUES ('2026-03-01'), ('2026-03-02');
CREATE VIEW titles AS SELECT title FROM document;
"""
ROWS = {"public.document": 3000, '"The Archive"."Old \'Ones\'"': 0, "public.measured_2026": 2}
HALF = 'real=$(PATH=/usr/bin:/bin command -v pg_dump); "$real" "$@" | head -c 20000; exit 0'


@pytest.fixture
def database(machine: Machine, postgresql: str, postgresql_owner: Connection) -> Machine:
    """Return a host with the database `postgres`, which has tables; no account is changed to."""
    postgresql_owner.execute(text('DROP SCHEMA IF EXISTS "The Archive" CASCADE'))
    postgresql_owner.execute(text(TABLES))
    machine.command("runuser", 'shift 3; exec "$@"')
    machine.environment.update(PGHOST=postgresql.partition("host=")[2], PGUSER="auditor")
    return machine


def dump(machine: Machine, name: str = "postgres") -> tuple[int, bytes, dict[str, Any], str]:
    """Dump a database as borgmatic would; return the status, the dump, the proof and what was complained of."""
    words = [str(machine.folder / "proof"), "--no-password", "--clean", "--if-exists", "--format", "custom", name]
    environment = {**os.environ, "PATH": f"{machine.folder}/bin:{os.environ['PATH']}", **machine.environment}
    command = machine.command_line("dump", *words)
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    proof = json.loads((machine.folder / "proof" / f"{name}.json").read_text())
    return done.returncode, done.stdout, proof, done.stderr.decode()


def test_a_whole_dump_is_proved_with_its_size_its_checksum_and_its_rows(database: Machine) -> None:
    status, made, proof, _ = dump(database)
    assert (status, proof["error"], proof["rows"]) == (0, "", ROWS)
    assert (proof["bytes"], proof["sha256"]) == (len(made), hashlib.sha256(made).hexdigest())
    listed = subprocess.run(["pg_restore", "--list"], input=made, capture_output=True, check=True).stdout
    assert b"TABLE DATA public document" in listed


def test_rows_that_come_meanwhile_are_neither_in_the_dump_nor_counted(database: Machine) -> None:
    """pg_dump begins late: others have added rows by then, and changed how many a table has."""
    write = "psql -XqAt -d postgres -c \"insert into document select n, '' from generate_series(4001, 4500) n\""
    database.command("pg_dump", f'{write}; real=$(PATH=/usr/bin:/bin command -v pg_dump); exec "$real" "$@"')
    status, made, proof, _ = dump(database)
    assert (status, proof["rows"]) == (0, ROWS)
    script = subprocess.run(["pg_restore", "-f", "-", "-t", "document"], input=made, capture_output=True, check=True)
    copied = script.stdout.decode().split("FROM stdin;\n")[1].split("\\.\n")[0]
    assert len(copied.splitlines()) == ROWS["public.document"]


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        (HALF, "the dump is not whole: pg_restore: error:"),
        ("exit 0", "the dump is not whole: pg_restore: error:"),
        ("echo nonsense", "the dump is not whole: pg_restore: error:"),
        ("echo 'pg_dump: error: out of memory' >&2; exit 1", "pg_dump: error: out of memory"),
        ("exit 7", "exit status 7"),
        ("kill -9 $$", "exit status"),
    ],
    ids=["half", "nothing", "nonsense", "failed", "silent", "killed"],
)
def test_a_dump_that_is_not_whole_fails_whatever_pg_dump_says_of_it(
    database: Machine, instead: str, words: str
) -> None:
    database.command("pg_dump", instead)
    status, _, proof, complained = dump(database)
    assert (status, words in proof["error"]) == (1, True), proof
    assert proof["error"] in complained


def test_a_database_that_is_not_there_is_named(database: Machine) -> None:
    status, made, proof, _ = dump(database, "no-such-database")
    assert (status, made, proof["rows"]) == (1, b"", None)
    assert 'database "no-such-database" does not exist' in proof["error"]


def test_without_its_arguments_it_says_how_it_is_called(machine: Machine) -> None:
    done = machine.run("dump", "/tmp")
    assert (done.returncode, done.stderr.startswith("usage:")) == (2, True)
    assert not Path("/tmp/dump.json").exists()
