"""What was compiled before, kept in the user's cache directory: the same content is not compiled twice.

Comes in: keys over content, values. Goes out: the values. A cache that cannot be used, or must not be, is empty;
nothing depends on it (docs/decisions/0043).
"""

import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from opspact.structs import Struct

_PACKAGE = Path(__file__).resolve().parents[1]
_MOST_ENTRIES = 24
_MOST_BYTES = 400_000_000
_LARGEST = 200_000_000  # bytes of one entry
_DIGEST_BYTES = 32
_SUFFIX = ".compiled"
_ONLY_OWN = 0o700


class CompileCache(Struct):
    """A folder with entries, None: nothing is kept. An entry is the SHA-256 of its data, and the data."""

    folder: Path | None = None

    def key(self, kind: str, digest: str, day: date) -> str:
        """Given a kind of values, the digest of a contract's files and a day, return the name of their entry.

        Empty where nothing is kept. Another opspact, another Python, other versions of dependencies: other entries.
        """
        if self.folder is None:
            return ""
        return sha256(repr((kind, digest, day, _program())).encode()).hexdigest()

    def get(self, key: str) -> Any:
        """Given a key, return what was kept under it; None when there is nothing, or only a part of it."""
        if self.folder is None or not _is_ours(self.folder):
            return None
        path = self.folder / f"{key}{_SUFFIX}"
        data = _read(path)
        if data is None or sha256(data[_DIGEST_BYTES:]).digest() != data[:_DIGEST_BYTES]:
            return None
        with suppress(OSError):
            os.utime(path)  # the entries that were not used for longest go first
        return pickle.loads(memoryview(data)[_DIGEST_BYTES:])  # noqa: S301 - only this user could write it, see _is_ours

    def put(self, key: str, value: object) -> None:
        """Keep a value under a key, as a whole or not at all, and delete the oldest entries beyond the limits."""
        if self.folder is None:
            return
        with suppress(OSError):  # a full or read-only disk keeps nothing
            self.folder.mkdir(mode=_ONLY_OWN, parents=True, exist_ok=True)
            data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            if len(data) <= _LARGEST and _is_ours(self.folder):
                _write(self.folder, f"{key}{_SUFFIX}", sha256(data).digest() + data)
                _delete_oldest(self.folder)


NO_CACHE = CompileCache()
"""A cache that keeps nothing."""


def user_cache() -> CompileCache:
    """Return the cache of the user who runs this, by XDG_CACHE_HOME; an empty one where there is no such place.

    A folder inside a repository is none: what lies there may come from a commit.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111 - does not raise
    folder = base / "opspact" / "compiled"
    if not folder.is_absolute() or any((above / ".git").exists() for above in folder.resolve().parents):
        return NO_CACHE
    return CompileCache(folder)


def _is_ours(folder: Path) -> bool:
    """Whether nobody but this user can write in a folder, or could have."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == _ONLY_OWN


def _read(path: Path) -> bytes | None:
    """Return an entry's bytes; None when there is none, or it is no regular file of this user."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - by number
            found = os.fstat(file.fileno())
            is_regular = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
            return file.read() if is_regular and found.st_size <= _LARGEST + _DIGEST_BYTES else None
    except OSError:
        return None


def _write(folder: Path, name: str, data: bytes) -> None:
    number, path = tempfile.mkstemp(dir=folder)
    with ExitStack() as unfinished:
        unfinished.callback(Path(path).unlink, missing_ok=True)
        with open(number, "wb") as file:  # noqa: PTH123 - by number
            file.write(data)
        Path(path).replace(folder / name)
        unfinished.pop_all()


def _delete_oldest(folder: Path) -> None:
    """Delete what was not used for longest, and what an interrupted run left, until both limits are kept."""
    total = 0
    for number, (_, size, path) in enumerate(sorted(_entries(folder), reverse=True)):
        total += size
        if number >= _MOST_ENTRIES or total > _MOST_BYTES:
            path.unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[tuple[int, int, Path]]:
    for path in folder.iterdir():
        with suppress(OSError):  # another run deletes, too
            found = path.lstat()
            yield found.st_mtime_ns, found.st_size, path


@cache
def _program() -> str:
    """Return what tells this program from others: its files, Python, and the versions of what it imports."""
    files = [
        (path.relative_to(_PACKAGE).as_posix(), found.st_size, found.st_mtime_ns)
        for path in sorted(_PACKAGE.rglob("*"))
        if path.suffix != ".pyc" and (found := path.stat()) and stat.S_ISREG(found.st_mode)
    ]
    versions = [(name, version(name)) for name in _DEPENDENCIES]
    return sha256(repr([sys.version, versions, files]).encode()).hexdigest()


_DEPENDENCIES = ("holidays", "jinja2", "msgspec", "pydantic", "pyyaml", "tzdata")
"""What decides over what is compiled and found beside our own files."""
