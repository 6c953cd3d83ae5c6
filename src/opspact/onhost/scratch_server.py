"""A database server of its own in a scratch folder: dumps are restored there, and counted.

Comes in: a folder, dumps. Goes out: rows by table, the newest record. Part of `drill`.

It listens on a socket in that folder alone and has no data but its own: no live database can be meant by mistake. It
runs as the account that starts it, which cannot be root.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STARTED_WITHIN = 120.0  # seconds
STOPPED_WITHIN = 60.0
FILLER = "filler"  # the account that carries out dumps
RESTORED = "restored"  # the name of the database; the server has no other


class CannotRestore(Exception):  # noqa: N818 - named after the decision
    """A dump was not restored; `is_bad`: by its own fault, else this host cannot."""

    def __init__(self, message: str, *, is_bad: bool = False) -> None:
        super().__init__(message)
        self.is_bad = is_bad


class ScratchServer(ABC):
    """The server, from `start` to `stop`. Each kind of server says how that is done."""

    stop_signal = signal.SIGQUIT

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.sockets, self.log = folder / "s", folder / "log"
        own = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder), "TMPDIR": str(folder)}
        self.environment = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), **own, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs to start. Raise CannotRestore: this host cannot."""

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """Return the words that start the server. Raise CannotRestore: there is none on this host."""

    @abstractmethod
    def make_ready(self) -> None:
        """Ask the server whether it is there. Raise CannotRestore: not yet."""

    @abstractmethod
    def restore(self, dump: Path, held: Mapping[str, Any]) -> None:
        """Restore a dump, of which a copy says what it held, into a fresh database. Raise CannotRestore."""

    @abstractmethod
    def rows(self) -> dict[str, int]:
        """Return the rows of each table of the restored database. Raise CannotRestore."""

    @abstractmethod
    def newest_record(self, until: str) -> str:
        """Return the newest time in the restored database, not later than `until`; empty: none. Raise CannotRestore."""

    def start(self) -> None:
        """Make the server and start it. Raise CannotRestore: this host cannot."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self.prepare()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), cwd="/", env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTED_WITHIN
        while True:
            with contextlib.suppress(CannotRestore):
                self.make_ready()
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
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
