"""The process that runs ansible-playbook and lets nothing of it get away. The only importer of ansible_runner.

Comes in: one line of JSON on standard input (a Request), then nothing: its end, or a line `cancel`, asks for the end.
Goes out: lines of JSON on standard output: events, closing stats, and at last how it ended. Started by `fleet.ansible`.
"""

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Any

from ansible_runner.interface import run as run_ansible

from opspact.fleet import processes, run_folder
from opspact.fleet.ansible_configuration import SECRETS_VARIABLE
from opspact.fleet.ansible_events import RunEvent, RunStatus, Stats, clean, translate, without
from opspact.fleet.ansible_request import Request
from opspact.structs import asdict

_GRACE = 5.0
"""Seconds that ansible-playbook has for ending by itself when the end was asked for."""

_LAST_OUTPUT = 40
"""Lines of Ansible's own output that are kept, for saying why it did not get through."""


class Shutdown:
    """Why and since when the run is to end; asked by the runner, set by the watching thread and by signals."""

    def __init__(self) -> None:
        self.reason: RunStatus | None = None
        self.since = 0.0
        self.orphaned = False

    def ask(self, reason: RunStatus) -> None:
        """Ask for the end, once: ansible-playbook is asked to end by itself."""
        if self.reason is not None:
            return
        self.since = time.monotonic()
        self.reason = reason
        own = os.getpid()
        for pid in processes.descendants(own):
            if processes.parent(pid) == own:
                processes.send(pid, signal.SIGTERM, selection=processes.ProcessSelection.below(own))

    def overdue(self) -> bool:
        """Whether ansible-playbook has had its time; then the runner kills it."""
        return self.reason is not None and time.monotonic() - self.since > _GRACE


class EventWriter:
    """Says things to the parent, a line of JSON each, every secret in them turned into stars."""

    def __init__(self, handle: int, secrets: tuple[str, ...]) -> None:
        self._stream = os.fdopen(handle, "w", encoding="utf-8")
        self._secrets = secrets
        self.last_output: deque[str] = deque(maxlen=_LAST_OUTPUT)

    def handle_event(self, raw: dict[str, Any]) -> bool:
        """Given one event of the runner, pass on what it means; nothing of it is kept in a file."""
        seen = translate(raw)
        match seen:
            case RunEvent():
                self.send("event", {**asdict(seen), "message": without(self._secrets, seen.message)})
            case Stats():
                self.send("stats", asdict(seen))
            case None:
                self.last_output.extend(without(self._secrets, clean(raw.get("stdout") or "")).splitlines())
        return False

    def send(self, kind: str, value: object) -> None:
        """Say one thing; a parent that does not listen any more is no reason to stop the orderly end."""
        try:
            self._stream.write(json.dumps({kind: value}) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self.last_output.append("nobody listens")


def main() -> None:
    """Read the request, run it, end whatever is left of it, say how it ended."""
    processes.adopt_orphans()
    request = Request(**json.loads(_line()))
    writer = EventWriter(os.dup(sys.stdout.fileno()), _secret_values(request.secrets))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not look like ours
    shutdown = Shutdown()
    _listen_to_signals(shutdown)
    threading.Thread(target=_watch, args=(shutdown, request.timeout), daemon=True).start()
    try:
        status = run(request, writer, shutdown)
    finally:  # whatever went wrong here, nothing is left running
        processes.end(processes.ProcessSelection.below(os.getpid()), grace=2)
        if shutdown.orphaned:
            run_folder.remove(Path(request.folder))
            run_folder.remove_dead_runs_locked(
                Path(request.folder).parent
            )  # the project's folder, when it was a run's own
    if shutdown.reason and status != RunStatus.SUCCESSFUL:
        status = shutdown.reason
    writer.send("end", {"status": status, "detail": "\n".join(writer.last_output)})


def run(request: Request, writer: EventWriter, shutdown: Shutdown) -> str:
    """Given a request, run ansible-playbook to its end and return the runner's word for how it went."""
    folder = Path(request.folder)
    # the runner forgets settings that it is given when it may not write files of its own, so this one is ours
    (folder / "env" / "settings").write_text(json.dumps({"pexpect_timeout": 0.2, "suppress_output_file": True}))
    runner = run_ansible(  # type: ignore[no-untyped-call]  # it ships no types
        private_data_dir=str(folder),
        project_dir=request.project,
        binary=sys.executable,
        cmdline=f"-P -m opspact.fleet.ansible_child {os.getpid()} {request.command_line}",
        inventory=f"{request.project}/inventory",
        limit=f"@{folder}/hosts",
        forks=request.forks,
        verbosity=request.verbosity,
        envvars={SECRETS_VARIABLE: f"/proc/{os.getpid()}/fd/{request.secrets}"},
        ident="run",
        quiet=True,
        suppress_env_files=True,
        fact_cache_type="memory",
        event_handler=writer.handle_event,
        cancel_callback=shutdown.overdue,
    )
    return str(runner.status)


def _line() -> bytes:
    """Return the parent's next line, nothing when it is gone. Unbuffered: a thread waits here until the very end."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 1)
        if not part:
            return b""
        line += part
    return line


def _secret_values(handle: int) -> tuple[str, ...]:
    """Given the memory file of secrets, return their values, the longest first."""
    values = json.loads(Path(f"/proc/self/fd/{handle}").read_text(encoding="utf-8")).values()
    return tuple(sorted(values, key=len, reverse=True))


def _listen_to_signals(shutdown: Shutdown) -> None:
    """Turn the signals that ask for an end into an orderly one."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        shutdown.ask(RunStatus.CANCELED)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)


def _watch(shutdown: Shutdown, timeout: float | None) -> None:
    """Wait for the parent's word, for its end, or for the time-out, and ask for the end."""
    if timeout is not None:
        timer = threading.Timer(timeout, shutdown.ask, args=(RunStatus.TIMEOUT,))
        timer.daemon = True
        timer.start()
    shutdown.orphaned = not _line()
    shutdown.ask(RunStatus.CANCELED)


if __name__ == "__main__":
    main()
