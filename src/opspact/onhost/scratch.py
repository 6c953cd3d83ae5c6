"""A folder in which something is tried and of which nothing stays, whatever happened.

Comes in: the folder below which that may be. Goes out: a new one, of a name that nothing else has. Part of `drill`.

One run at a time uses it: so what another one left, which was killed or lost its power, is removed by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.copy_archive import regular_files
from opspact.onhost.spool import CannotRun

SCRATCH_PREFIX = "opspact-drill-"


@contextlib.contextmanager
def scratch_root(path: str, patience: float) -> Iterator[Path]:
    """Hold the lock of the folder for scratch, emptied of what others left. Raise CannotRun when others keep it."""
    root, deadline = Path(path), time.monotonic() + patience
    try:
        lock = (root / ".lock").open("a", encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot use {root}: {error.strerror}") from error
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise CannotRun(f"another restore test still uses {root}; nothing was done", 75) from error
                time.sleep(1)
        for left in sorted(root.glob(f"{SCRATCH_PREFIX}*")):
            remove_tree(left)
        yield root


@contextlib.contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Give a new folder, and remove it in the end."""
    folder = root / f"{SCRATCH_PREFIX}{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours and everything in it, what is not to be written or read too. Raise OSError."""
    try:
        shutil.rmtree(folder)
    except PermissionError:
        for _ in regular_files(folder, opened):
            pass
        shutil.rmtree(folder)


def opened(folder: Path) -> None:
    """Let ourselves into a folder of ours; links are no folders."""
    mode = folder.lstat().st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
