"""What is at `~/.ssh` of an account, and at the two files of keys in it: read without following a link, never waiting.

In: a home and its account. Out: for each path its type, owner and mode, and the lines of a file of the account's own;
None: nothing is there. A part of the program that looks at keys (`key_files`); every file is opened once, and judged by
what was opened.
"""

from __future__ import annotations

import os
import pwd
import stat

from opspact.onhost.accepted_keys import LARGEST_KEYS
from opspact.onhost.host_files import QUIET

TYPES = {stat.S_IFREG: "regular file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link", stat.S_IFIFO: "pipe"}


def owner_name(uid: int) -> str:
    """Given a number, return the account's name; the number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def about(seen: os.stat_result) -> dict[str, object]:
    """Given a status, return it in words."""
    kind = TYPES.get(stat.S_IFMT(seen.st_mode), "device")
    return {"type": kind, "owner": owner_name(seen.st_uid), "mode": f"{stat.S_IMODE(seen.st_mode):o}"}


def about_file(name: str, folder: int, uid: int | None) -> dict[str, object] | None:
    """Given a name in an open folder, return what is there, with its lines where it is a file of the account's own."""
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid != uid:
        return about(seen)
    with os.fdopen(os.open(name, QUIET, dir_fd=folder), "rb") as file:
        seen = os.fstat(file.fileno())
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != uid:
            return about(seen)
        data = file.read(LARGEST_KEYS + 1)
    lines = {"lines": data.decode("utf-8", "replace").split("\n")} if len(data) <= LARGEST_KEYS else {}
    return {**about(seen), **lines}


def ssh_folder(home: str, name: str) -> dict[str, dict[str, object] | None]:
    """Given a home and its account's name, return what is at `.ssh`, and at the files of keys in it."""
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        uid = None
    found: dict[str, dict[str, object] | None] = {".ssh": None, "authorized_keys": None, "authorized_keys2": None}
    try:
        top = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        seen = os.stat(".ssh", dir_fd=top, follow_symlinks=False)
    except FileNotFoundError:
        return found
    found[".ssh"] = about(seen)
    if stat.S_ISDIR(seen.st_mode):
        folder = os.open(".ssh", QUIET | os.O_DIRECTORY, dir_fd=top)
        found.update({file: about_file(file, folder, uid) for file in list(found)[1:]})
    return found
