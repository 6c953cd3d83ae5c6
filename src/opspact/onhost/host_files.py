"""What programs on hosts share: other programs to run, and files that are opened without following a link.

In: paths, commands. Out: what is there, what was said. A part of programs that run on hosts: python3, 3.9 or newer. It
is in each look at accounts, so it loads little: neither `pathlib` nor `typing`.
"""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from posixpath import basename, dirname

QUIET = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def run_program(*command: str) -> str:
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
