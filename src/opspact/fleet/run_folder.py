"""Private folders for runs: made fresh, mode 0700, removed after; what a killed run left is removed by the next one.

Comes in: where to make them. Goes out: a folder that is locked as long as its run lives.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opspact.errors import Refused
from opspact.fleet import processes
from opspact.model import names
from opspact.structs import Struct
from opspact.text.sizes import format_bytes

LONGEST_BASE = 56
"""Characters of the base folder: ssh's control sockets below it must stay under the kernel's 108."""

CAPACITY = 4_000_000
"""Bytes that a run needs there, besides the files that it sends."""

_LOCK = "lock"
_PREFIX = "run-"


class RunFolder(Struct):
    """One run's folder; `lock` is the open file that says its run still lives (the worker holds it too)."""

    path: Path
    lock: int


def default_base() -> Path:
    """Return where run folders go by default: in memory where the machine offers that, else below /tmp."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and _private(Path(runtime)):
        return Path(runtime) / "opspact"
    shared = Path("/dev/shm")  # noqa: S108 - the folder below it is made private, and refused if it is not
    parent = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
    return parent / names.run_folder(os.geteuid())


def check_capacity(base: Path | None) -> None:
    """Given a base folder (None: the default), raise Refused when nothing can be written there, or too little."""
    base = default_base() if base is None else base.absolute()
    hint = "free up space there, or name another directory of yours in XDG_RUNTIME_DIR"
    try:
        room = shutil.disk_usage(checked_base(base))
    except OSError as error:
        raise Refused(f"cannot write to {base}: {error.strerror}", hint=hint) from None
    if room.free < CAPACITY and room.total:  # a tmpfs without a limit says that it has neither
        sizes = f"{format_bytes(room.free)} free, {format_bytes(CAPACITY)} needed"
        raise Refused(f"no room for the files of a run in {base}: {sizes}", hint=hint)


@contextmanager
def fresh(base: Path | None) -> Iterator[RunFolder]:
    """Given a base folder (None: the default), yield a new run folder and remove it afterwards.

    Folders of dead runs beside it are removed first, with any process that still carries their mark.
    Raise Refused when the base is not private, or its path is too long for ssh's control sockets.
    """
    base = checked_base(default_base() if base is None else base.absolute())
    guard = _locked(base / _LOCK, wait=True)
    try:
        remove_dead_runs(base)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        lock = _locked(path / _LOCK, wait=True)
    finally:
        os.close(guard)
    try:
        yield RunFolder(path=path, lock=lock)
    finally:
        remove(path)
        os.close(lock)


def remove_dead_runs(base: Path) -> None:
    """Given the base folder (whose lock is held), end and remove what dead runs left there."""
    for path in sorted(base.glob(f"{_PREFIX}*")):
        try:
            lock = _locked(path / _LOCK, wait=False)
        except BlockingIOError:
            continue
        except FileNotFoundError:  # its own run is removing it just now
            continue
        try:
            processes.end(processes.ProcessSelection.of_run(path), grace=3)
            _remove(path)
        finally:
            os.close(lock)


def remove_dead_runs_locked(base: Path) -> None:
    """Given the base folder, end and remove what dead runs left there, once nobody else is at it."""
    with suppress(FileNotFoundError):
        guard = _locked(base / _LOCK, wait=True)
        try:
            remove_dead_runs(base)
        finally:
            os.close(guard)


def remove(path: Path) -> None:
    """Given a run folder, remove it with all it holds; one that is gone already is fine."""
    try:
        guard = _locked(path.parent / _LOCK, wait=True)
    except FileNotFoundError:  # somebody removed the base, and with it all there was
        return
    try:
        _remove(path)
    finally:
        os.close(guard)


def _remove(path: Path) -> None:
    """Given a run folder, remove it; the base's lock is held, so that nobody sweeps it at the same time."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path)


def checked_base(base: Path) -> Path:
    """Given the base folder, make it if need be and return it. Raise Refused when others could look into it."""
    if len(str(base)) > LONGEST_BASE:
        raise Refused(
            f"{base}: path is too long for SSH control sockets ({len(str(base))} of {LONGEST_BASE} characters)",
            hint="use a shorter directory",
        )
    with suppress(FileExistsError):
        base.mkdir(mode=0o700, parents=True)
    if not _private(base):
        raise Refused(
            f"{base}: must be a directory owned by the current user with mode 0700",
            hint=f"remove it, or: chmod 700 {base}",
        )
    return base


def _private(folder: Path) -> bool:
    """Whether this is a real folder of our own that nobody else may look into."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and not folder.is_symlink() and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _locked(path: Path, *, wait: bool) -> int:
    """Given a lock file's path, return it open and locked. Raise BlockingIOError when somebody holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise
    return handle
