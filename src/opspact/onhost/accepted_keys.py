"""Where sshd, as it is configured, looks for keys, and which lines of such a file can log in.

In: an account's name and home. Out: patterns, paths, lines. A part of the programs that look at keys (`host_files`).
"""

from __future__ import annotations

import os
import re
import stat
from posixpath import exists, join, normpath

from opspact.onhost.host_files import QUIET, locate, run_program

KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")
LARGEST_KEYS = 2**20  # bytes that are read of a file
SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd")
MARKS = ("%h", "%u", "%U")


def key_patterns(user: str) -> list[str]:
    """Given a user, return where sshd may look for keys: by default, and as it is configured."""
    return [*KEY_FILES, *configured_patterns(user)]


def configured_patterns(user: str) -> list[str]:
    """Given a user, return where sshd, as it is configured, looks for keys: sshd_config(5), AuthorizedKeysFile."""
    patterns = []
    sshd = next((path for path in SSHD if exists(path)), "")
    if sshd:
        spec = f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
        for line in run_program(sshd, "-T", "-C", spec).splitlines():
            word, _, rest = line.partition(" ")
            if word.lower() == "authorizedkeysfile":
                patterns += [pattern for pattern in rest.split() if pattern != "none"]
    return patterns


def is_of_one(pattern: str) -> bool:
    """Whether a pattern gives each account a file of its own."""
    return not pattern.startswith("/") or any(mark in pattern for mark in MARKS)


def expand(pattern: str, *, name: str, uid: str, home: str) -> str:
    """Given a pattern and an account's entry, return the path that sshd makes of both."""
    known = {"%%": "%", "%h": home, "%u": name, "%U": uid}
    return normpath(join(home, re.sub("%[%huU]", lambda found: known[found[0]], pattern)))


def key_lines(path: str, home: str) -> list[bytes] | None:
    """Given a file of keys and the home it may be in, return the lines that can log in; None: it is behind a link."""
    found = locate(path, home)
    if found is None:
        return []
    folder, name = found
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(seen.st_mode):
            return None
        if not stat.S_ISREG(seen.st_mode):
            return []  # sshd reads no directory and no pipe
        with os.fdopen(os.open(name, QUIET, dir_fd=folder), "rb") as file:
            text = file.read(LARGEST_KEYS)
    finally:
        os.close(folder)
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(b"#")]
