"""MariaDB as a scratch server.

Comes in: a folder, dumps of MariaDB. Goes out: rows by table, the newest record. Part of `drill`.

A dump is SQL that a client wrote. It is carried out by an account that may do nothing but fill its one database; that
of the others has a name that nobody knows, since a dump may make routines that run as whom it names.
"""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from opspact.onhost.mariadb_client import MariadbFailed, run_mariadb
from opspact.onhost.mariadb_tables import load_dump, newest_time, table_rows
from opspact.onhost.scratch_server import FILLER, RESTORED, CannotRestore, ScratchServer

Found = TypeVar("Found")
INSTALL = (
    *("mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal"),
    *("--skip-test-db", "--skip-name-resolve"),
)
MARIADB_OPTIONS = (
    *("--skip-networking", "--skip-log-bin", "--skip-symbolic-links", "--event-scheduler=OFF"),
    *("--default-time-zone=+00:00", "--max-allowed-packet=1G", "--innodb-buffer-pool-size=256M"),
    *("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"),
)
# ruff: noqa: S608 - no input
SET_UP = f"""
create user {FILLER}@localhost; grant all on {RESTORED}.* to {FILLER}@localhost;
grant set user on *.* to {FILLER}@localhost; create user %(owner)s@localhost;
grant all on *.* to %(owner)s@localhost with grant option;
delete from mysql.global_priv where user not in ('{FILLER}', '%(owner)s'); flush privileges"""
WORD = re.compile(r"\w{1,64}")


class ScratchMariadb(ScratchServer):
    """A MariaDB server."""

    stop_signal = signal.SIGKILL

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.data, self.files = folder / "mariadb", folder / "files"
        self.owner = f"owner_{secrets.token_hex(8)}"

    def options(self, account: str) -> tuple[str, ...]:
        """Return how the client reaches the server as an account."""
        return (f"--socket={self.sockets}/m", f"--user={account}")

    def prepare(self) -> None:
        """Make the server's own tables. Raise CannotRestore: this host cannot."""
        self.files.mkdir(mode=0o700, exist_ok=True)
        done = subprocess.run(
            (self.program(INSTALL[0]), *INSTALL[1:], f"--datadir={self.data}"),
            cwd="/",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            lines = [line.strip() for line in done.stdout.splitlines() if "ERROR" in line or "FATAL" in line]
            raise CannotRestore(f"{INSTALL[0]}: {(lines or [f'exit status {done.returncode}'])[0][:400]}")

    def command(self) -> tuple[str, ...]:
        """Return the words that start the server. Raise CannotRestore: there is none on this host."""
        places = {"datadir": self.data, "socket": self.sockets / "m", "secure-file-priv": self.files}
        own = [f"--{name}={path}" for name, path in {**places, "pid-file": self.sockets / "pid"}.items()]
        return (self.program("mariadbd"), "--no-defaults", *own, *MARIADB_OPTIONS)

    def program(self, name: str) -> str:
        """Return the path of a program of MariaDB. Raise CannotRestore: it is not on this host."""
        found = shutil.which(name, path=self.environment["PATH"])
        if found is None:
            raise CannotRestore("there is no MariaDB server on this host to restore a dump into")
        return found

    def make_ready(self) -> None:
        """Ask the server whether it is there, and leave no account but ours. Raise CannotRestore: not yet."""
        self.answer(lambda: run_mariadb(SET_UP % {"owner": self.owner}, options=self.options("root")))

    def restore(self, dump: Path, held: Mapping[str, Any]) -> None:
        """Restore a dump into a fresh database. Raise CannotRestore when anything in it fails."""
        words = [str(held.get(word, "")) for word in ("character_set", "collation")]
        defaults = f" character set {words[0]} collate {words[1]}" if all(map(WORD.fullmatch, words)) else ""
        fresh = (f"drop database if exists {RESTORED}", f"create database {RESTORED}{defaults}")
        self.answer(lambda: run_mariadb(*fresh, options=self.options(self.owner)))
        self.answer(lambda: load_dump(dump, RESTORED, self.options(FILLER)))

    def rows(self) -> dict[str, int]:
        """Return the rows of each table of the restored database. Raise CannotRestore."""
        return self.answer(lambda: table_rows(RESTORED, self.options(self.owner)))

    def newest_record(self, until: str) -> str:
        """Return the newest time in the restored database, not later than `until`; empty: none. Raise CannotRestore."""
        return self.answer(lambda: newest_time(RESTORED, until, self.options(self.owner)))

    def answer(self, ask: Callable[[], Found]) -> Found:
        """Return what the server answers. Raise CannotRestore."""
        try:
            return ask()
        except MariadbFailed as error:
            raise CannotRestore(str(error), is_bad=not error.is_unable) from error
