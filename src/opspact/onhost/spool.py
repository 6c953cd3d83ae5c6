"""What every on-host program shares: its settings, and the spool of its job's results.

In: a configuration's path, what a run left. Out: JSON files, each whole or not there at all.
Imported by the programs beside it; compile puts its text into theirs, so that each is one file on the host.

A job's folder holds the results that are kept, `NUMBER-SPOOL.json`, and one empty file whose name is the state of the
spool: `state-SPOOL-NUMBER-SINCE` is the last number given, and since when (seconds since the epoch) the run that has it
goes on (0: it is over). SPOOL is random, made with the spool. Renaming that file takes the next number, at once or not
at all, and on a full disk too: a result that cannot be kept leaves a gap. Numbers in one folder never fall.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from opspact.onhost.redaction import Redactor, redactor_of

MOST_RESULTS = 400
MOST_BYTES = 16 * 2**20  # of all results of a job
LARGEST = 2**20  # bytes of one result
GIVEN_UP = 20  # old results that make room for a new one on a full disk
LOCK_PATIENCE = 2.0  # seconds to wait for the spool's reader, which is quick
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DIED = "its program was killed, ran out of memory or out of time, or the host went down"
STATE = re.compile(r"state-([0-9a-f]{12})-(\d{10})-(\d+)")
KEPT = re.compile(r"(\d{10})-([0-9a-f]{12})\.json")


class CannotRun(Exception):  # noqa: N818 - named after the decision
    """The program cannot do its work; the exit status and a message say why."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class State(NamedTuple):
    """The state of a spool: its name, the last number given, and since when that run goes on (0: it is over)."""

    spool: str
    number: int
    since: int

    @property
    def file(self) -> str:
        """The name of the file that says so."""
        return f"state-{self.spool}-{self.number:010d}-{self.since}"


class Kept(NamedTuple):
    """A result that is kept: its number, its spool and its file's name."""

    number: int
    spool: str
    file: str


def utc(seconds: float) -> str:
    """Given seconds since the epoch, return `2026-11-23T07:30:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def failure_text(error: Exception) -> str:
    """Return what went wrong, and with which file; of an error that is none of the system's, as Python shows it."""
    if not isinstance(error, OSError) or not error.strerror:
        return repr(error)
    return f"{error.filename}: {error.strerror}" if isinstance(error.filename, str) else error.strerror


def read_configuration(path: str) -> dict[str, Any]:
    """Given a JSON file's path, return its object. Raise CannotRun when there is none."""
    try:
        configuration = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRun(f"cannot read the configuration {path}: {error}", 2) from error
    if not isinstance(configuration, dict):
        raise CannotRun(f"the configuration {path} is not a JSON object", 2)
    return configuration


def names_in(folder: Path) -> list[str]:
    """Return the names of what lies in a folder. Raise OSError."""
    return os.listdir(folder)  # noqa: PTH208 - names alone are wanted, of hundreds of files


def read_state(folder: Path) -> State | None:
    """Return the state of the spool in a folder; None where there is no spool yet. Raise OSError."""
    found = [match for match in map(STATE.fullmatch, names_in(folder)) if match]
    states = [State(match[1], int(match[2]), int(match[3])) for match in found]
    return max(states, key=lambda state: (state.number, state.since), default=None)


def kept_results(folder: Path) -> list[Kept]:
    """Return the results kept in a folder, oldest first. Raise OSError."""
    found = [match for match in map(KEPT.fullmatch, names_in(folder)) if match]
    return sorted(Kept(int(match[1]), match[2], match[0]) for match in found)


def flush_folder(folder: Path) -> None:
    """Bring what was renamed in a folder to the disk, as far as its file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


def json_bytes(document: dict[str, Any]) -> bytes:
    """Return a document as JSON; what UTF-8 cannot hold, as in strange names of files, becomes a question mark."""
    return f"{json.dumps(document, ensure_ascii=False, indent=1)}\n".encode("utf-8", "replace")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file: whole or not at all, on the disk when this returns, its folder's owner's. Raise OSError."""
    temporary = path.with_name(".part")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    # Others may own the folder: nothing that they put there is followed or written through.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o640)
            own_as(path.parent, descriptor)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.rename(path)
        flush_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def own_as(folder: Path, descriptor: int) -> None:
    """Give a file that root made to its folder's owner. Raise OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


@contextlib.contextmanager
def locked(folder: Path, patience: float) -> Iterator[bool]:
    """Hold the lock of a spool, and give whether it could be had within `patience` seconds. Raise OSError."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    deadline = time.monotonic() + patience
    try:
        own_as(folder, descriptor)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                yield False
            else:
                yield True
            return
    finally:
        os.close(descriptor)


class Spool:
    """One job's spool, to be used under its lock."""

    def __init__(self, folder: Path, job: str, redactor: Redactor | None = None) -> None:
        self.folder = folder
        self.job = job
        self.redactor = redactor or Redactor()
        state = read_state(folder)
        if state is None:
            number = max((kept.number for kept in kept_results(folder)), default=0)
            state = State(os.urandom(6).hex(), number, 0)
            os.close(os.open(folder / state.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640))
            flush_folder(folder)
        self.state = state
        self._clock = time.monotonic()

    def change(self, **changes: Any) -> None:
        """Change the state, at once or not at all. Raise OSError."""
        state = self.state._replace(**changes)
        (self.folder / self.state.file).rename(self.folder / state.file)
        flush_folder(self.folder)
        self.state = state

    def start(self) -> None:
        """Begin a run: it takes the next number. Raise OSError."""
        self._clock = time.monotonic()
        self.change(number=self.state.number + 1, since=int(time.time()))

    def keep(self, report: dict[str, Any]) -> dict[str, Any]:
        """End the run and keep what it left: `outcome`, `verdict`, `message`, `items` and facts; return the result.

        What is secret in its text is masked; `redaction` says by which patterns of policies. Raise CannotRun when there
        is no room for it; its number is taken all the same.
        """
        since, seconds = self.state.since, round(time.monotonic() - self._clock, 1)
        try:
            return self._write({"started": utc(since), "ended": utc(time.time()), "seconds": seconds, **report})
        finally:
            with contextlib.suppress(OSError):  # the next run finds the result, if it is there, and ends this one
                self.change(since=0)

    def end_lost_run(self) -> None:
        """End a run whose program is gone, with a result that says so unless the run left one. Raise OSError."""
        number, since = self.state.number, self.state.since
        if since and number not in {kept.number for kept in kept_results(self.folder)}:
            message = f"The run that started at {utc(since)} left no result: {DIED}."
            times = {"started": utc(since), "ended": None, "died": True}
            with contextlib.suppress(CannotRun):
                self._write({**times, "outcome": "failed", "verdict": "unknown", "message": message, "items": []})
        if since:
            self.change(since=0)

    def _write(self, report: dict[str, Any]) -> dict[str, Any]:
        number, spool = self.state.number, self.state.spool
        kept = kept_results(self.folder)
        head = {"schema": "opspact/result", "version": 1, "spool": spool, "job": self.job, "sequence": number}
        lost = number - max((one.number for one in kept), default=0) - 1
        full = {**head, "redaction": self.redactor.digest, **report, "lost": max(lost, 0)}
        result: dict[str, Any] = self.redactor.report(truncate(full))
        if self.redactor.withheld and result["verdict"] == "ok":
            result["verdict"] = "warning"
        data = json_bytes(result)
        old = self._trimmed(kept, len(data))
        path = self.folder / f"{number:010d}-{spool}.json"
        for _ in range(GIVEN_UP + 1):
            try:
                write_atomically(path, data)
            except OSError as error:
                if error.errno not in NO_ROOM or not old:
                    raise CannotRun(f"cannot write the result {path}: {error}") from error
                self._remove(old.pop(0))
            else:
                return result
        raise CannotRun(f"cannot write the result {path}: no space")

    def _trimmed(self, kept: list[Kept], more: int) -> list[Kept]:
        """Remove the oldest results until one of so many bytes may be added; return those that stay."""
        sizes = {one: self._size(one) for one in kept}
        total = sum(sizes.values()) + more
        while kept and (len(kept) >= MOST_RESULTS or total > MOST_BYTES):
            total -= sizes[kept[0]]
            self._remove(kept.pop(0))
        return kept

    def _size(self, kept: Kept) -> int:
        with contextlib.suppress(OSError):
            return (self.folder / kept.file).lstat().st_size
        return 0

    def _remove(self, kept: Kept) -> None:
        with contextlib.suppress(OSError):
            (self.folder / kept.file).unlink()


def truncate(result: dict[str, Any]) -> dict[str, Any]:
    """Given a result, return it without what makes it too large to be kept."""
    size = len(json_bytes(result))
    if size <= LARGEST:
        return result
    head = ("schema", "version", "spool", "job", "sequence", "started", "ended", "seconds", "outcome", "lost")
    kept = (*head, "redaction", "copy", "carry")  # the judge and the next run cannot do without the last two
    message = f"The result was truncated; it had {size} bytes. {str(result['message'])[:500]}"
    small = {name: result[name] for name in kept if name in result}
    verdict = "critical" if result["verdict"] == "critical" else "unknown"
    return {**small, "verdict": verdict, "message": message, "items": []}


@contextlib.contextmanager
def open_spool(configuration: dict[str, Any]) -> Iterator[Spool]:
    """Begin a run of the configuration's job, and give its spool; a run that left no result is ended with one.

    Raise CannotRun, with status 75 while an earlier run goes on.
    """
    job = str(configuration["job"])
    folder = Path(str(configuration.get("spool", "/var/lib/opspact/spool")), job)
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            if not held.enter_context(locked(folder, LOCK_PATIENCE)):
                raise CannotRun(f"an earlier run still holds {folder}/.lock; nothing was done", 75)
            spool = Spool(folder, job, redactor_of(configuration))
            spool.end_lost_run()
            spool.start()
        except OSError as error:
            raise CannotRun(f"cannot use the spool {folder}: {error}") from error
        try:
            yield spool
        finally:
            if spool.state.since:
                message = f"The program ended with an error: {sys.exc_info()[1]!r}."
                with contextlib.suppress(CannotRun):
                    spool.keep({"outcome": "failed", "verdict": "unknown", "message": message, "items": []})
