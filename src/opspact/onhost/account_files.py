"""What the parts of the program that closes accounts share: accounts, what is open of them, files to read or move away.

In: paths. Out: what is there. The parts stand in one text (`host_files`, `accepted_keys`, `account_keys`,
`account_rights`, `account_processes`, `account_access`) and run on hosts: python3, 3.9 or newer.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from opspact.onhost.host_files import QUIET

KEPT = Path("/var/lib/opspact/closed-accounts")
"""Where crontabs and at jobs of closed accounts are kept, readable for root alone."""
MOST_NAMED = 5


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


def lines_of(path: Path) -> list[str]:
    """Given a file of root's, return its lines; none when it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


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
