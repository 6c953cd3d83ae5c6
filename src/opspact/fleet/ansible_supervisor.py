"""Starting the Ansible worker, following what it says, and being sure that nothing of it is left.

Comes in: a request, secrets. Goes out: events, and a tally of them.
"""

import fcntl
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from opspact.fleet import processes
from opspact.fleet.ansible_configuration import environment
from opspact.fleet.ansible_events import EventCollector, RunEvent, RunStatus, from_worker
from opspact.fleet.ansible_request import Request
from opspact.fleet.run_folder import RunFolder
from opspact.fleet.signals import ReceivedSignals
from opspact.model import names
from opspact.structs import asdict
from opspact.values.secret import Secret

_LAST_WAIT = 20.0
"""Seconds that the worker has for an orderly end after being asked; it needs 5 for Ansible and 7 for the rest."""

_TICK = 0.2
"""Seconds between two looks at whether the end was asked for."""

LOG = "worker.log"
"""The file in the run folder that takes the worker's own complaints."""


@contextmanager
def worker(folder: RunFolder, secrets: Mapping[str, Secret]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Given a run folder and secrets, yield a worker and the number under which it holds the secrets, in memory only.

    Afterwards it has ended, and with it every process that carries the run's mark.
    """
    handle = _in_memory({name: secret.reveal() for name, secret in secrets.items()})
    try:
        process = _start(folder, handle)
        try:
            yield process, handle
        finally:
            process.kill()
            process.communicate()
            processes.end(processes.ProcessSelection.of_run(folder.path), grace=2)
    finally:
        os.close(handle)


def _start(folder: RunFolder, secrets: int) -> subprocess.Popen[bytes]:
    """Given a run folder and the memory file of secrets, return a worker that holds both, in a session of its own."""
    with (folder.path / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "opspact.fleet.ansible_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder.path,
            env=environment(folder.path, os.environ),
            pass_fds=(secrets, folder.lock),
            start_new_session=True,
        )


def _in_memory(secrets: Mapping[str, str]) -> int:
    """Given raw secrets, return an open file that holds them in memory alone, and that nobody can change."""
    handle = os.memfd_create(names.SECRETS_MEMORY, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(handle, "w", encoding="utf-8", closefd=False) as file:
        json.dump(secrets, file)
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return handle


@dataclass
class WorkerMonitor:
    """Follows one worker from its request to its end."""

    process: subprocess.Popen[bytes]
    collector: EventCollector
    on_event: Callable[[RunEvent], None]
    asked: ReceivedSignals
    canceled: Callable[[], bool]
    end: dict[str, str] = field(default_factory=dict)

    def follow(self, request: Request) -> None:
        """Given what to do, send it, take in what comes, pass on a wish to end, until the worker has said its last."""
        self._send(json.dumps(asdict(request)))
        waiting_until = float("inf")
        for line in self._lines():
            if line:
                self._take(line)
            if waiting_until == float("inf") and (self.asked.numbers or self.canceled()):
                self._send("cancel")
                waiting_until = time.monotonic() + _LAST_WAIT
            if time.monotonic() > waiting_until or len(self.asked.numbers) > 1:
                self.end = {"status": RunStatus.CANCELED, "detail": "the worker did not stop in time and was killed"}
                return
        if not self.end and waiting_until < float("inf"):
            self.end = {"status": RunStatus.CANCELED, "detail": ""}

    def _lines(self) -> Iterator[str]:
        """Yield the worker's lines as they come, and an empty one every tick, until its output ends."""
        assert self.process.stdout is not None
        handle = self.process.stdout.fileno()
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            while True:
                if not selector.select(_TICK):
                    yield ""
                    continue
                block = os.read(handle, 1 << 16)
                if not block:
                    return
                *lines, rest = (rest + block).split(b"\n")
                yield from (line.decode() for line in lines)
                yield ""

    def _take(self, line: str) -> None:
        """Given a line of the worker, put it where it belongs."""
        seen, end = from_worker(line)
        self.end = end or self.end
        if seen is not None:
            self.collector.add(seen)
        if isinstance(seen, RunEvent):
            self.on_event(seen)

    def _send(self, line: str) -> None:
        """Given a line, send it down; a worker that is gone shows by the end of its output."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def failure_reason(self, log: Path) -> str:
        """Given the worker's log, return why the run did not get through: Ansible's last words, else the worker's."""
        return self.end.get("detail") or log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
