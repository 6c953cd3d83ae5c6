"""Paths as they are, saved and brought back: content, owner, mode and attributes; a link as a link, nothing as nothing.

In: paths, a folder for copies that only root can enter. Out: entries that JSON can hold; what differed. A part of
programs that run on hosts: python3, 3.9 or newer. No link in a path is followed that was none when it was saved.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from posixpath import basename, dirname, realpath
from typing import Any

LARGEST_SAVED = 16 * 2**20
"""Bytes of one file at most: what carries a connection is configured in far smaller ones."""
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def save_path(path: str, folder: str, number: int) -> dict[str, Any]:
    """Save what is at a path; return its entry. Raise OSError for what is neither a file, a link nor a folder."""
    real = f"{realpath(dirname(path)).rstrip('/')}/{basename(path)}"
    entry: dict[str, Any] = {"path": real, "kind": "absent"}
    try:
        seen = os.lstat(real)
    except (FileNotFoundError, NotADirectoryError):
        return entry
    entry.update(uid=seen.st_uid, gid=seen.st_gid, mode=stat.S_IMODE(seen.st_mode))
    if stat.S_ISLNK(seen.st_mode):
        return {**entry, "kind": "link", "target": str(Path(real).readlink())}
    if stat.S_ISDIR(seen.st_mode):
        return {**entry, "kind": "directory"}
    data, attributes = read_file(real)
    copy = f"{folder}/{number}"
    with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {**entry, "kind": "file", "copy": copy, "attributes": attributes}


def read_file(path: str) -> tuple[bytes, dict[str, str]]:
    """Return the content and the attributes of a regular file. Raise OSError when it is none, or too large."""
    descriptor = os.open(path, READ_FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(errno.EINVAL, "it is neither a file, a link nor a directory", path)
        if seen.st_size > LARGEST_SAVED:
            raise OSError(errno.EFBIG, f"it is larger than {LARGEST_SAVED // 2**20} MiB", path)
        names: list[str] = []
        with contextlib.suppress(OSError):
            names = os.listxattr(descriptor)
        attributes = {name: base64.b64encode(os.getxattr(descriptor, name)).decode() for name in names}
        return file.read(LARGEST_SAVED + 1), attributes


def restore_paths(entries: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Bring all paths back; return those that differed, and what could not be brought back with the reason.

    What was not there goes first, what is inside before what it is in.
    """
    gone = sorted((each for each in entries if each["kind"] == "absent"), key=lambda each: each["path"], reverse=True)
    there = sorted((each for each in entries if each["kind"] != "absent"), key=lambda each: each["path"])
    changed, problems = [], []
    for entry in (*gone, *there):
        try:
            if restore_path(entry):
                changed.append(entry["path"])
        except OSError as error:
            problems.append(f"{entry['path']}: {error.strerror or error}")
    return changed, problems


def restore_path(entry: dict[str, Any]) -> bool:
    """Bring one path back; return whether it differed. Raise OSError."""
    path, kind = entry["path"], entry["kind"]
    if is_as_saved(entry):
        return False
    if kind != "absent":
        Path(path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = open_parent(path)
    name = basename(path)
    try:
        if kind == "absent":
            is_folder = stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode)
            (os.rmdir if is_folder else os.unlink)(name, dir_fd=folder)
        elif kind == "directory":
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            inner = os.open(name, FOLDER_FLAGS, dir_fd=folder)
            own(inner, entry)
            os.close(inner)
        else:
            replace(entry, name, folder)
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def is_as_saved(entry: dict[str, Any]) -> bool:
    """Whether a path is as it was. Raise OSError when it cannot be read."""
    path, kind = entry["path"], entry["kind"]
    try:
        seen = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return bool(kind == "absent")
    if kind == "absent" or (seen.st_uid, seen.st_gid) != (entry["uid"], entry["gid"]):
        return False
    if kind == "link":
        return stat.S_ISLNK(seen.st_mode) and str(Path(path).readlink()) == entry["target"]
    if stat.S_IMODE(seen.st_mode) != entry["mode"]:
        return False
    if kind == "directory":
        return stat.S_ISDIR(seen.st_mode)
    return stat.S_ISREG(seen.st_mode) and read_file(path) == (read_file(entry["copy"])[0], entry["attributes"])


def open_parent(path: str) -> int:
    """Return the folder of a path, open; no link on the way is followed. Raise OSError. The caller closes it."""
    folder = os.open("/", FOLDER_FLAGS)
    for part in path.split("/")[1:-1]:
        try:
            inner = os.open(part, FOLDER_FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def replace(entry: dict[str, Any], name: str, folder: int) -> None:
    """Put a file or a link in place, whole or not at all. Raise OSError."""
    new = f".opspact.{secrets.token_hex(5)}"
    try:
        if entry["kind"] == "link":
            os.symlink(entry["target"], new, dir_fd=folder)
            os.chown(new, entry["uid"], entry["gid"], dir_fd=folder, follow_symlinks=False)
        else:
            data = read_file(entry["copy"])[0]
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(new, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(data)
                file.flush()
                own(file.fileno(), entry)
                for attribute, value in entry["attributes"].items():
                    os.setxattr(file.fileno(), attribute, base64.b64decode(value))
                os.fsync(file.fileno())
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise


def own(descriptor: int, entry: dict[str, Any]) -> None:
    """Give what is open the owner and the mode that were saved. Raise OSError."""
    os.fchown(descriptor, entry["uid"], entry["gid"])
    os.fchmod(descriptor, entry["mode"])
