"""What the parts of the program that closes accounts share: accounts, programs to run, files to read or move away.

In: paths. Out: what is there. The parts stand in one text (`account_keys`, `account_rights`, `account_processes`,
`account_access`) and run on hosts: python3, 3.9 or newer.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from posixpath import basename, dirname
from typing import NamedTuple

KEPT = Path("/var/lib/opspact/closed-accounts")
"""Where crontabs and at jobs of closed accounts are kept, readable for root alone."""
MOST_NAMED = 5
QUIET = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Account(NamedTuple):
    """An account as the host knows it. `local`: its entry is in /etc/passwd; `shadow`: its fields in /etc/shadow."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    local: bool
    password: str
    shadow: list[str]
    twins: list[str]


def leave() -> None:
    """Do nothing: only a person can close it."""


class Opening(NamedTuple):
    """A way in which an account can be used, in words, and what closes it."""

    words: str
    close: Callable[[], object] = leave


def masked(text: str) -> str:
    """Given text that the account's owner chose, return it as it may be shown."""
    return re.sub(r"[^\w.@:+-]", "?", text, flags=re.ASCII)[:64]


def listed(names: list[str]) -> str:
    """Given names, return the first of them in words."""
    more = len(names) - MOST_NAMED
    return ", ".join([*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def run(*command: str) -> str:
    """Run a program; return what it wrote. Raise OSError with what it complained of when it fails."""
    done = subprocess.run(command, capture_output=True, errors="replace", stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
        raise OSError(errno.EIO, f"{command[0]}: {said or f'exit status {done.returncode}'}")
    return done.stdout


def described(error: OSError) -> str:
    """Given an error, return what failed, and on which file."""
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if isinstance(error.filename, str) else said


def lines_of(path: Path) -> list[str]:
    """Given a file of root's, return its lines; none when it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def locate(path: str, home: str) -> tuple[int, str] | None:
    """Given a path, return its folder, open, and the name in it; a link below the home instead of what is behind it.

    None when nothing is there. The home is its owner's: no link below it is followed. The caller closes the folder.
    """
    start, parts = dirname(path), [basename(path)]
    if path.startswith(f"{home}/"):
        start, parts = home, path[len(home) + 1 :].split("/")
    folder = -1
    try:
        folder = os.open(start, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts[:-1]:
            seen = os.stat(part, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(seen.st_mode):
                return folder, part
            inner = os.open(part, QUIET | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        if folder != -1:
            os.close(folder)
        return None
    return folder, parts[-1]


def put_by(path: Path, account: str) -> None:
    """Move a file of an account from a folder of root's to where what closed accounts left is kept."""
    folder = KEPT / account
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    KEPT.chmod(0o700)
    with os.fdopen(os.open(path, QUIET), "rb") as file:
        data = file.read()
    target = folder / f"{path.parent.name}-{path.name}-{time.time_ns()}"
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    path.unlink()
