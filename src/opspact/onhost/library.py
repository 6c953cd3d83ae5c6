"""Compare an installer in the software library with its SHA-256, and spool what was seen.

Comes in: `library.py CONFIG.json`, a file of `{"job", "path", "sha256"}`.
Goes out: one result in the spool. Run by systemd as root, with the host's python3 (3.9 or newer) and nothing else.
Ends with 0 when the file is the one that was promised, with 1 when it is not, or when the result could not be kept,
with 75 when the same check is still running.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import Any

from opspact.onhost.spool import CannotRun, open_spool, read_configuration

PIECE = 2**20
"""How many bytes are read at once."""
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class UnexpectedFile(Exception):  # noqa: N818 - named after the decision
    """What lies at the path is not the installer that was promised; the message says why."""


def open_file(path: str) -> int:
    """Return a descriptor of a regular file. Raise UnexpectedFile when there is another thing, or nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnexpectedFile("it is a symbolic link") from error
        raise UnexpectedFile(f"it cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnexpectedFile("it is not a regular file")
    return descriptor


def digest_of(descriptor: int) -> tuple[str, int]:
    """Return the SHA-256 of a file and how many bytes it has. Raise UnexpectedFile when it cannot be read."""
    found, size = hashlib.sha256(), 0
    try:
        while piece := os.read(descriptor, PIECE):
            found.update(piece)
            size += len(piece)
    except OSError as error:
        raise UnexpectedFile(f"it cannot be read: {error.strerror}") from error
    return found.hexdigest(), size


def write_warnings(path: str, mode: int) -> list[str]:
    """Return who else could change the file: it may be another one by the time that it is needed."""
    found = []
    if mode & WRITABLE_BY_OTHERS:
        found.append(f"its mode {stat.S_IMODE(mode):04o} lets others than its owner change it")
    folder = Path(path).parent.stat().st_mode
    if folder & WRITABLE_BY_OTHERS and not folder & stat.S_ISVTX:
        found.append(f"its directory's mode {stat.S_IMODE(folder):04o} lets others than its owner replace it")
    return found


def inspect(path: str, wanted: str) -> dict[str, Any]:
    """Given a path and the SHA-256 that the file must have, return what was seen."""
    facts: dict[str, Any] = {"expected": wanted}
    try:
        descriptor = open_file(path)
        try:
            mode = os.fstat(descriptor).st_mode
            facts["sha256"], facts["bytes"] = digest_of(descriptor)
        finally:
            os.close(descriptor)
        if facts["sha256"] != wanted:
            raise UnexpectedFile(f"its SHA-256 is {facts['sha256']}, expected {wanted}")  # noqa: TRY301 - one answer
        warning = "; ".join(write_warnings(path, mode))
    except UnexpectedFile as error:
        return report("failed", "critical", f"{path} is not the promised file: {error}.", path=path, facts=facts)
    if warning:
        return report("done", "warning", f"{path} is the promised file, but {warning}.", path=path, facts=facts)
    return report("done", "ok", f"{path} is the promised file, {facts['bytes']} bytes.", path=path, facts=facts)


def report(outcome: str, verdict: str, message: str, *, path: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return what a run leaves."""
    item = {"item": "installer", "subject": path, "verdict": verdict, "message": message, **facts}
    return {"outcome": outcome, "verdict": verdict, "message": message, "items": [item]}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) != 1:
        return 2, "usage: library.py CONFIG.json"
    try:
        configuration = read_configuration(arguments[0])
        with open_spool(configuration) as spool:
            result = spool.keep(inspect(str(configuration["path"]), str(configuration["sha256"])))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"library: {error}"
    return int(result["outcome"] != "done"), f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
