"""The program with which root looks at a path, and follows no link on the way that may be somebody else's.

In: `look PATH`, `read PATH BYTES` or `guard PATH`. Out: for `look` a line `TYPE/OWNER/GROUP/MODE` in the words of
stat(1), then the SHA-256 of a file or the target of a link; for `read` that line, then the file's first bytes; for
`guard` nothing. The exit status is ABSENT when nothing is there, UNSAFE_LINK when a link on the path may be somebody
else's, 1 when nobody knows; standard error says why. Runs on hosts, as root: python3, 3.9 or newer, and nothing else.
Why: docs/decisions/0007-other-peoples-folders.md.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import sys
from hashlib import sha256

ABSENT, UNSAFE_LINK = 8, 7
QUIET = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
OTHERS = stat.S_IWGRP | stat.S_IWOTH
CHUNK = 2**20
TYPES = {
    stat.S_IFREG: "regular file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block special file",
    stat.S_IFCHR: "character special file",
}


def unsafe_link(path: str) -> str:
    """Given a path, return the first link on the way to it that may be somebody else's; empty: there is none.

    A link counts when others than root can write to its directory. The last part of the path is not looked at.
    """
    at = ""
    for part in path.split("/")[1:-1]:
        folder, at = at or "/", f"{at}/{part}"
        try:
            if not stat.S_ISLNK(os.lstat(at).st_mode):
                continue
        except (FileNotFoundError, NotADirectoryError):
            break
        seen = os.stat(folder)  # noqa: PTH116 - loading pathlib takes longer than all of this
        if seen.st_uid != 0 or seen.st_mode & OTHERS:
            return at
    return ""


def owner(uid: int) -> str:
    """Given a number, return the account's name, as stat(1) does."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "UNKNOWN"


def group(gid: int) -> str:
    """Given a number, return the group's name, as stat(1) does."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return "UNKNOWN"


def about(seen: os.stat_result) -> str:
    """Given a status, return it in words."""
    kind = TYPES.get(stat.S_IFMT(seen.st_mode), "weird file")
    return f"{kind}/{owner(seen.st_uid)}/{group(seen.st_gid)}/{stat.S_IMODE(seen.st_mode):o}"


def opened(path: str) -> int:
    """Given the path of a file, return it open: no link is followed, nothing is waited for. Raise OSError."""
    file = os.open(path, QUIET)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(0, "it is not a regular file", path)
    return file


def digest(path: str) -> str:
    """Given the path of a file, return the SHA-256 of what is in it, in hex."""
    whole = sha256()
    with os.fdopen(opened(path), "rb", 0) as file:
        while data := file.read(CHUNK):
            whole.update(data)
    return whole.hexdigest()


def content(path: str, seen: os.stat_result) -> str:
    """Return a file's digest or a link's target; empty for anything else."""
    if stat.S_ISLNK(seen.st_mode):
        return os.readlink(path)  # noqa: PTH115 - as above
    return digest(path) if stat.S_ISREG(seen.st_mode) else ""


def main(what: str, path: str, most: str = "") -> int:
    """Look, read or guard; return the exit status."""
    if link := unsafe_link(path):
        words = "is a symbolic link in a directory that others than root can write to: opspact does not follow it"
        sys.stderr.write(f"{link} {words}\n")
        return UNSAFE_LINK
    if what == "guard":
        return 0
    try:
        seen = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if what == "look":
        sys.stdout.buffer.write(os.fsencode(f"{about(seen)}\n{content(path, seen)}\n"))
        return 0
    with os.fdopen(opened(path), "rb", 0) as file:
        sys.stdout.buffer.write(f"{about(os.fstat(file.fileno()))}\n".encode() + file.read(int(most)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError as problem:
        sys.exit(f"{problem.filename or sys.argv[2]}: {problem.strerror}")
