"""A PostgreSQL server of its own in a scratch folder: a dump is restored there, and counted.

Comes in: a folder, dumps in PostgreSQL's custom format. Goes out: rows by table, the newest record. Part of `drill`.

It listens on a socket in that folder alone and has no data but its own: no live database can be meant by mistake. It
runs as the account that starts it, which cannot be root.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from opspact.onhost.postgresql_failure import failure_reason, is_dump_broken

POSTGRESQL_PROGRAMS = "/usr/lib/postgresql"  # below it a folder for each version, as Debian has it
STARTED_WITHIN = 120.0  # seconds
STOPPED_WITHIN = 60.0
RESTORED = "restored"  # the name of the database; the cluster has no other
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


class CannotRestore(Exception):  # noqa: N818 - named after the decision
    """A dump was not restored; `is_bad`: by its own fault, else this host cannot."""

    def __init__(self, message: str, *, is_bad: bool = False) -> None:
        super().__init__(message)
        self.is_bad = is_bad


class ScratchCluster:
    """The server, from `start` to `stop`."""

    def __init__(self, folder: Path, programs: str = POSTGRESQL_PROGRAMS) -> None:
        self.data, self.sockets, self.log = folder / "cluster", folder / "s", folder / "log"
        self.programs = Path(programs)
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PGHOST": str(self.sockets),
            "PGUSER": "postgres",
            "PGTZ": "UTC",
            "HOME": str(folder),
        }
        self.process: subprocess.Popen[bytes] | None = None

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

    def start(self) -> None:
        """Make the cluster and start its server. Raise CannotRestore: this host cannot."""
        self.sockets.mkdir(mode=0o700)
        words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.run("initdb", "-D", str(self.data), *words)
        options = [word for name, value in SERVER_OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = (self.program("postgres"), "-D", str(self.data), "-k", str(self.sockets), *options)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd="/", env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTED_WITHIN
        while True:
            with contextlib.suppress(CannotRestore):
                self.run("psql", "-XAtqd", "postgres", "-c", "select 1")
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said = self.log.read_text(errors="replace").strip().splitlines()
                raise CannotRestore(f"the scratch server did not start: {' / '.join(said[-3:])[:400]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server; what it wrote is not wanted any more."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restore(self, dump: Path) -> None:
        """Restore a dump into a fresh database. Raise CannotRestore when anything in it fails."""
        self.run("psql", "-XAtqd", "postgres", "-c", f"drop database if exists {RESTORED}")
        self.run("psql", "-XAtqd", "postgres", "-c", f"create database {RESTORED} template template0")
        words = ("--exit-on-error", "--no-comments", "--no-owner", "--no-privileges", "--dbname", RESTORED)
        self.run("pg_restore", *words, str(dump))

    def answer(self, query: str) -> str:
        """Return the one value that a query of the restored database gives. Raise CannotRestore."""
        return self.run("psql", "-XAtqd", RESTORED, "-v", "ON_ERROR_STOP=1", "-c", query).strip()
