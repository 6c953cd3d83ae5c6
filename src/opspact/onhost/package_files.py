"""Which configuration files packages bring, and which of them are unchanged.

In: nothing. Out: paths. A part of the program that says what a host has (`host_state`).
"""

from __future__ import annotations

import hashlib
import os

from opspact.onhost.host_files import QUIET

STATUS = "/var/lib/dpkg/status"
LARGEST_FILE = 2**20  # bytes of a file that are read


def package_records() -> list[dict[str, str]]:
    """Return the installed packages, each with its fields in lower case; lines that go on are joined by newlines."""
    with open(STATUS, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is slow to load
        blocks = file.read().split("\n\n")
    found = []
    for block in blocks:
        fields: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            if line[:1] in {" ", "\t"}:
                fields[last] += f"\n{line.strip()}"
            else:
                name, _, value = line.partition(":")
                last = name.lower()
                fields[last] = value.strip()
        if fields.get("status", "").endswith(" installed"):
            found.append(fields)
    return found


def conffiles_of(records: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """Given packages, return their configuration files: by path, the package and the MD5 of what it brings."""
    found = {}
    for each in records:
        for line in each.get("conffiles", "").splitlines():
            words = line.split()
            if len(words) > 1 and "obsolete" not in words:
                found[words[0]] = (each["package"], words[1])
    return found


def content_of(path: str) -> bytes | None:
    """Given a path, return what is in the file, at most one byte more than LARGEST_FILE; None: no regular file."""
    try:
        with os.fdopen(os.open(path, QUIET), "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def has_changed(path: str, md5: str) -> bool:
    """Given a file and the MD5 of what its package brings, return whether it is another one, or gone."""
    data = content_of(path)
    return data is None or hashlib.md5(data, usedforsecurity=False).hexdigest() != md5
