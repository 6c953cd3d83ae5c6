"""The anchor: the newest head, kept in a small file beside the ledger, so that a truncated ledger is noticed.

In: heads of committed events. Out: the last one written. The file never runs ahead of the ledger, and only ever moves
forward.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opspact.errors import LedgerBroken, Refused
from opspact.ledger.event import EMPTY, Head
from opspact.structs import Struct

_HINT = "run `opspact ledger verify`; restore a lost anchor from a backup of its directory"


_PAUSE = 0.005


@contextmanager
def folder_locked(folder: Path, *, wait: float) -> Iterator[None]:
    """Given a folder, keep other processes of ours out; the folder itself is locked, no file is left behind.

    Raise TimeoutError when another one keeps us out for longer than `wait` seconds: it may be stopped.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, until=time.monotonic() + wait)
        yield
        # Closing drops the lock.
    finally:
        os.close(descriptor)


def _lock(descriptor: int, *, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "another process keeps its folder locked") from None
            time.sleep(_PAUSE)
        else:
            return


class Anchor(Struct):
    """A file of one line, the head. Mode 0600; replaced as a whole, and on the disk before `advance` returns."""

    path: Path

    def __str__(self) -> str:
        """Return the words that name this anchor in messages."""
        return f"the anchor file {self.path.name}"

    def read(self) -> Head:
        """Return the head last written. Raise LedgerBroken when the file is missing or is not what `advance` writes."""
        try:
            line = self.path.read_bytes()[:200].decode("ascii", "replace")
        except FileNotFoundError as error:
            raise LedgerBroken(f"{self} is missing; the last events may be missing too", hint=_HINT) from error
        if not line.endswith("\n"):
            raise LedgerBroken(f"{self} was changed: it does not contain a ledger head", hint=_HINT)
        try:
            return Head.parse(line[:-1])
        except Refused as error:
            raise LedgerBroken(f"{self} was changed: {error}", hint=_HINT) from error

    def start(self) -> None:
        """Write the head of an empty ledger, unless there is an anchor already. Call before the ledger is made."""
        if not self.path.exists():
            self._write(EMPTY)

    def advance(self, head: Head, *, wait: float) -> None:
        """Given the head of a committed event, write it, unless another process has already written a later one."""
        with folder_locked(self.path.parent, wait=wait):
            if self.read().sequence < head.sequence:
                self._write(head)

    def _write(self, head: Head) -> None:
        temporary = self.path.with_name(f".{self.path.name}.new")  # one name: the folder's lock is held
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{head}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
