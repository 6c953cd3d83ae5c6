"""What every on-host program shares: its settings, its lock, its results in the spool.

Comes in: a configuration's path, results. Goes out: JSON files, each whole or not there at all.
Imported by the programs beside it; compile puts its text into theirs, so that each is one file on the host.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class CannotRun(Exception):  # noqa: N818 - named after the decision
    """The program cannot do its work; the exit status and a message say why."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def utc(seconds: float) -> str:
    """Given seconds since the epoch, return `2026-11-23T07:30:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def read_configuration(path: str) -> dict[str, Any]:
    """Given a JSON file's path, return its object. Raise CannotRun when there is none."""
    try:
        configuration = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotRun(f"cannot read the configuration {path}: {error}", 2) from error
    if not isinstance(configuration, dict):
        raise CannotRun(f"the configuration {path} is not a JSON object", 2)
    return configuration


@contextlib.contextmanager
def own_spool(configuration: dict[str, Any], kind: str) -> Iterator[Path]:
    """Give the folder of this policy's results of a kind, made if need be, locked against a second run (status 75)."""
    folder = Path(str(configuration.get("spool", "/var/lib/opspact/spool")), kind, str(configuration["policy"]))
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a", encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot use the spool {folder}: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotRun(f"an earlier run still holds {folder}/.lock; nothing was done", 75) from error
        yield folder


def write_atomically(path: Path, document: dict[str, Any]) -> None:
    """Write the document as JSON: whole or not at all, on the disk when this returns. Raise CannotRun if it cannot."""
    temporary = path.with_name(".part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o640)
            json.dump(document, file, ensure_ascii=False, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(descriptor)
        temporary.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CannotRun(f"cannot keep the result {path}: {error}") from error


def keep_result(folder: Path, result: dict[str, Any], newest: int = 400) -> None:
    """Write the result under the time of its end, and remove all but the newest results of this policy."""
    now = time.time()
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}.{int(now % 1 * 1e6):06d}Z.json"
    for old in sorted(folder.glob("2*Z.json"))[: -(newest - 1)]:
        with contextlib.suppress(OSError):
            old.unlink()
    write_atomically(folder / name, result)
