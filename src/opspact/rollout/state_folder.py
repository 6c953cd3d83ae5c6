"""The contract's folder of what happened: made private, kept out of git, and locked while somebody applies.

Comes in: a workspace. Goes out: the folder, a lock.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from opspact.errors import Busy, Refused
from opspact.fleet.lock import holder
from opspact.rollout.wait_for_locks import HINT, NO_PATIENCE, Patience
from opspact.workspace.workspace import Workspace, now


def prepared(workspace: Workspace) -> Path:
    """Given a workspace, return its folder for state, private and never in git. Raise Refused if impossible."""
    folder = workspace.state
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise _refused(folder, error) from error
    return folder


_HINTS = {
    errno.EROFS: "use a clone of the contract on a file system that is not read-only",
    errno.ENOSPC: "free some space there",
    errno.EACCES: "the contract's directory and all in it must be yours; use a clone of your own",
}


def _refused(path: Path, error: OSError) -> Refused:
    return Refused(f"cannot write {path}: {error.strerror}", hint=_HINTS.get(error.errno or 0, ""))


@contextmanager
def one_at_a_time(workspace: Workspace, patience: Patience = NO_PATIENCE) -> Iterator[None]:
    """Given a workspace, keep other applies of this folder out. Raise Busy, naming the holder, when one is at work.

    `patience`: how long that one is waited for. Raise Refused when the folder cannot be written. The kernel frees the
    lock with the process, however that ends.
    """
    path = prepared(workspace) / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        patience.wait_for(partial(_lock, descriptor, path))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{holder(now())}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        who = path.read_text(encoding="utf-8", errors="replace").strip() or "somebody"
        raise Busy(f"another apply of this contract is running: {who}", hint=HINT) from error
