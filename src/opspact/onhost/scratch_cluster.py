"""PostgreSQL as a scratch server.

Comes in: a folder, dumps in PostgreSQL's custom format. Goes out: rows by table, the newest record. Part of `drill`.

A dump is SQL that a client wrote: as superuser it could run programs, as the account that owns all repositories. It is
carried out by an account that may do nothing but fill its one database, with a connection of its own, so that no
statement of it can become another. What only a superuser may make is made before, of names alone: extensions.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opspact.onhost.failure_reason import failure_reason
from opspact.onhost.postgresql_failure import is_dump_broken
from opspact.onhost.row_counts import COUNT_ROWS, NEWEST_RECORD
from opspact.onhost.scratch_server import FILLER, RESTORED, CannotRestore, ScratchServer

POSTGRESQL_PROGRAMS = "/usr/lib/postgresql"  # below it a folder for each version, as Debian has it
SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
    "jit": "off",
}

SUPERUSER = "postgres"
READS_ALL = f"""do $$ begin grant pg_read_all_data, pg_write_all_data to {FILLER};
exception when undefined_object then null; end $$"""  # of tables of extensions; PostgreSQL before 14 has no such roles
# ruff: noqa: S608 - no input
FOREIGN = f"""do $$ declare one name; begin for one in select fdwname from pg_foreign_data_wrapper loop
execute format('grant usage on foreign data wrapper %I to {FILLER}', one); end loop; end $$"""
PG_RESTORE = (
    *("--exit-on-error", "--no-comments", "--no-owner", "--no-privileges", "--no-tablespaces", "--no-security-labels"),
    *("--no-publications", "--no-subscriptions", "--dbname", RESTORED),
)
CONTENTS_LINE = re.compile(r"^\d+; \d+ \d+ ([A-Z]+(?: [A-Z]+)*) (?:- )?(.*) \S*$", re.MULTILINE)
"""Of the contents that pg_restore lists: what it is, its name."""
SQL_NAME = r'("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
EXTENSION = re.compile(rf"^CREATE EXTENSION IF NOT EXISTS {SQL_NAME} WITH SCHEMA {SQL_NAME};$", re.MULTILINE)
OWN_SCHEMAS = {"public", "pg_catalog"}
OF_A_SUPERUSER = {"EXTENSION", "EVENT TRIGGER"}  # the first are made before; the latter have no rows, and are not made


class ScratchCluster(ScratchServer):
    """A PostgreSQL server."""

    def __init__(self, folder: Path, programs: str = POSTGRESQL_PROGRAMS) -> None:
        super().__init__(folder, {"PGTZ": "UTC"})
        self.contents = folder / "contents"
        self.environment["PGHOST"] = str(self.sockets)
        self.data = folder / "cluster"
        self.programs = Path(programs)

    def program(self, name: str) -> str:
        """Return the path of a program of the newest PostgreSQL server here. Raise CannotRestore: there is none."""
        found = [path for path in self.programs.glob("*/bin") if (path / "initdb").exists()]
        newest = max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.parent.name)], default=None)
        if newest is None:
            raise CannotRestore("there is no PostgreSQL server on this host to restore a dump into")
        return str(newest / name)

    def run(self, name: str, *arguments: str, account: str = FILLER) -> str:
        """Run a program of PostgreSQL as an account, and return its output. Raise CannotRestore when it fails."""
        done = subprocess.run(
            (self.program(name), *arguments),
            cwd="/",
            env={**self.environment, "PGUSER": account},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            is_bad = name == "pg_restore" and is_dump_broken(done.stderr, done.returncode)
            raise CannotRestore(failure_reason(done.stderr, done.returncode), is_bad=is_bad)
        return done.stdout

    def prepare(self) -> None:
        """Make the cluster. Raise CannotRestore: this host cannot."""
        words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.run("initdb", "-D", str(self.data), *words)

    def command(self) -> tuple[str, ...]:
        """Return the words that start the server. Raise CannotRestore: there is none on this host."""
        options = [word for name, value in SERVER_OPTIONS.items() for word in ("-c", f"{name}={value}")]
        return (self.program("postgres"), "-D", str(self.data), "-k", str(self.sockets), *options)

    def make_ready(self) -> None:
        """Ask the server whether it is there, and make the account that restores. Raise CannotRestore: not yet."""
        self.set_up("postgres", f"create role {FILLER} login bypassrls", READS_ALL)

    def set_up(self, database: str, *statements: str) -> None:
        """Carry out statements of our own, as superuser. Raise CannotRestore."""
        words = [word for each in statements for word in ("-c", each)]
        self.run("psql", "-XAtqd", database, "-v", "ON_ERROR_STOP=1", *words, account=SUPERUSER)

    def restore(self, dump: Path, held: Mapping[str, Any]) -> None:
        """Restore a dump into a fresh database. Raise CannotRestore when anything in it fails."""
        del held  # a dump of PostgreSQL says all that is needed
        make = f"create database {RESTORED} template template0 owner {FILLER}"
        self.set_up("postgres", f"drop database if exists {RESTORED}", make)
        entries = list(CONTENTS_LINE.finditer(self.run("pg_restore", "--list", str(dump))))
        schemas = self.make_extensions(dump, [each[0] for each in entries if each[1] == "EXTENSION"])
        made = {("SCHEMA", name) for name in schemas}
        rest = [each[0] for each in entries if each[1] not in OF_A_SUPERUSER and (each[1], each[2]) not in made]
        self.contents.write_text("\n".join(rest), encoding="utf-8")
        self.run("pg_restore", *PG_RESTORE, "--use-list", str(self.contents), str(dump))

    def make_extensions(self, dump: Path, entries: list[str]) -> set[str]:
        """Make the extensions that a dump names, as this server has them, and return their schemas.

        Nothing of the dump has been carried out yet that could stand in their way. Raise CannotRestore.
        """
        if not entries:
            return set()
        self.contents.write_text("\n".join(entries), encoding="utf-8")
        said = self.run("pg_restore", "--use-list", str(self.contents), "--file", "-", str(dump))
        found = EXTENSION.findall(said)
        schemas = dict.fromkeys(schema for _, schema in found if schema not in OWN_SCHEMAS)
        self.set_up(
            RESTORED,
            *(f"create schema {schema} authorization {FILLER}" for schema in schemas),
            *(f"create extension if not exists {name} with schema {schema}" for name, schema in found),
            FOREIGN,
        )
        return {schema.strip('"').replace('""', '"') for schema in schemas}

    def answer(self, query: str) -> str:
        """Return the one value that a query of the restored database gives. Raise CannotRestore."""
        return self.run("psql", "-XAtqd", RESTORED, "-v", "ON_ERROR_STOP=1", "-c", query).strip()

    def rows(self) -> dict[str, int]:
        """Return the rows of each table of the restored database. Raise CannotRestore."""
        rows: dict[str, int] = json.loads(self.answer(COUNT_ROWS))
        return rows

    def newest_record(self, until: str) -> str:
        """Return the newest time in the restored database, not later than `until`; empty: none. Raise CannotRestore."""
        return self.answer(NEWEST_RECORD.replace("%(until)s", until))
