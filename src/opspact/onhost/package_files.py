"""Which configuration files packages bring, and which of them are unchanged.

In: nothing. Out: paths. A part of the program that says what a host has (`host_state`).
"""

from __future__ import annotations

import hashlib
import os

from opspact.onhost.host_files import QUIET
from opspact.onhost.sudo_rules import ETC

STATUS = "/var/lib/dpkg/status"
LISTS = "/var/lib/dpkg/info"
UCF = "/var/lib/ucf"
UNIT_FOLDERS = ("/lib/systemd/system/", "/usr/lib/systemd/system/")
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


def registered_files() -> dict[str, tuple[str, str]]:
    """Return the configuration files that packages bring by way of ucf: by path, the package and the MD5."""
    packages: dict[str, str] = {}
    found = {}
    for line in text_lines(f"{UCF}/registry"):
        package, _, path = line.partition(" ")
        packages[path.strip()] = package
    for line in text_lines(f"{UCF}/hashfile"):
        md5, _, path = line.partition(" ")
        if path.strip() in packages:
            found[path.strip()] = (packages[path.strip()], md5)
    return found


def paths_of_packages() -> dict[str, str]:
    """Return the paths in /etc and of units that packages bring, each with a package that does."""
    found: dict[str, str] = {}
    for name in sorted(os.listdir(LISTS)):  # noqa: PTH208 - pathlib is slow to load
        if name.endswith(".list"):
            package = name[: -len(".list")].partition(":")[0]
            paths = (line for line in text_lines(f"{LISTS}/{name}") if line.startswith((f"{ETC}/", *UNIT_FOLDERS)))
            found.update((merged(path), package) for path in paths)
    return found


def merged(path: str) -> str:
    """Given the path of a unit's definition, return it as /usr/lib has it, whichever of both names is used."""
    return f"/usr{path}" if path.startswith("/lib/") else path


def text_lines(path: str) -> list[str]:
    """Given a path, return the lines of the file; none where there is no file."""
    return (content_of(path) or b"").decode("utf-8", "replace").splitlines()


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
