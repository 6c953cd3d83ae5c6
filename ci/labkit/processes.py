"""The processes of a host, found in /proc.

In: a network namespace. Out: the nspawn process that supervises a host, and the systemd inside. They are
looked up each time: a remembered pid may be dead since a restart of the machine.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from labkit.names import namespace_path

PARENT, STARTED = 1, 19  # places in /proc/PID/stat after the command's closing parenthesis


def supervisor(namespace: str) -> int | None:
    """Given a namespace's name, return the pid of the systemd-nspawn that runs the host in it, if one does."""
    argument = f"--network-namespace-path={namespace_path(namespace)}".encode()
    found = {pid for pid in _pids() if argument in _arguments(pid) and not _is_dead(pid)}
    # nspawn forks before it starts the host's systemd; the one we want is its own ancestor
    parents = {pid: fields[PARENT] for pid in found if (fields := _stat(pid))}  # none: it has ended meanwhile
    return min((pid for pid, parent in parents.items() if int(parent) not in found), default=None)


def payload(namespace: str) -> int | None:
    """Given a namespace's name, return the pid (outside) of the systemd that is process 1 inside, if it runs."""
    return next((pid for pid in inside(namespace) if _is_first(pid)), None)


def inside(namespace: str) -> list[int]:
    """Given a namespace's name, return the pids of all living processes in it."""
    try:
        wanted = namespace_path(namespace).stat()
    except OSError:
        return []
    return [pid for pid in _pids() if _network(pid) == (wanted.st_dev, wanted.st_ino) and not _is_dead(pid)]


def started(pid: int) -> int:
    """Given a pid, return when it started (clock ticks since boot), 0 when it is no more."""
    fields = _stat(pid)
    return int(fields[STARTED]) if fields else 0


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Given a pid, send it a signal; that it is already gone is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int, since: int) -> bool:
    """Given a pid and when it started, return whether that very process still lives."""
    return pid > 0 and started(pid) == since and not _is_dead(pid)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _arguments(pid: int) -> list[bytes]:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return arguments if arguments[0].endswith(b"systemd-nspawn") else []


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _is_dead(pid: int) -> bool:
    return _stat(pid)[:1] in ([], ["Z"], ["X"])


def _network(pid: int) -> tuple[int, int] | None:
    try:
        status = Path(f"/proc/{pid}/ns/net").stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_first(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return len(numbers) > 1 and numbers[-1] == "1"
