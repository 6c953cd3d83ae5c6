"""PostgreSQL as a scratch server.

Comes in: a folder, dumps in PostgreSQL's custom format. Goes out: rows by table, the newest record. Part of `drill`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opspact.onhost.postgresql_failure import failure_reason, is_dump_broken
from opspact.onhost.row_counts import COUNT_ROWS, NEWEST_RECORD
from opspact.onhost.scratch_server import RESTORED, CannotRestore, ScratchServer

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


class ScratchCluster(ScratchServer):
    """A PostgreSQL server."""

    def __init__(self, folder: Path, programs: str = POSTGRESQL_PROGRAMS) -> None:
        super().__init__(folder, {"PGUSER": "postgres", "PGTZ": "UTC"})
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

    def run(self, name: str, *arguments: str) -> str:
        """Run a program of PostgreSQL and return its output. Raise CannotRestore when it fails."""
        done = subprocess.run(
            (self.program(name), *arguments),
            cwd="/",
            env=self.environment,
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
        """Ask the server whether it is there. Raise CannotRestore: not yet."""
        self.run("psql", "-XAtqd", "postgres", "-c", "select 1")

    def restore(self, dump: Path, held: Mapping[str, Any]) -> None:
        """Restore a dump into a fresh database. Raise CannotRestore when anything in it fails."""
        del held  # a dump of PostgreSQL says all that is needed
        self.run("psql", "-XAtqd", "postgres", "-c", f"drop database if exists {RESTORED}")
        self.run("psql", "-XAtqd", "postgres", "-c", f"create database {RESTORED} template template0")
        words = ("--exit-on-error", "--no-comments", "--no-owner", "--no-privileges", "--dbname", RESTORED)
        self.run("pg_restore", *words, str(dump))

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
