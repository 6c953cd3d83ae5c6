"""The files of a contract, read from a folder.

Comes in: a folder. Goes out: path inside the contract → bytes, in sorted order.
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.schema.codes import Code
from opspact.schema.unexpected_files import POLICIES, is_editor_file, is_unexpected
from opspact.schema.yaml import limits

PARTS = ("files", "group_vars", "host_vars", "inventory", "policies", "runbooks")
"""The folders of a contract; of variables beside the inventory nobody reads any, and a rule says so."""

_LOOP = "the symbolic link points to itself"
_LAYOUT = "expected the directory that contains policies/ and inventory/"


def read_tree(folder: Path) -> dict[str, bytes]:
    """Given a contract's folder, return its files under `PARTS`, by their path inside it, with forward slashes.

    Hidden files and folders are left out, as `is_part` says. Raise Refused, with every problem, when the folder cannot
    be read, when a link leads out of it, or when it is larger than `limits` allows.
    """
    if not folder.is_dir():
        problem = Problem(Code.NO_FOLDER, Place(_shown(folder)), "no such directory", hint=_LAYOUT)
        raise Refused("no contract found", [problem])
    root = folder.resolve()
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    total = 0
    for path in sorted(_files(root)):
        name = path.relative_to(root).as_posix()
        content = _content(path, name, root=root)
        if isinstance(content, Problem):
            problems.append(content)
            continue
        files[name] = content
        total += len(content)
        if total > limits.TREE_BYTES or len(files) > limits.TREE_FILES:
            message = f"more than {limits.TREE_FILES:,} files or {limits.TREE_BYTES:,} bytes"
            problems.append(Problem(Code.TOO_LARGE, Place(name), message, hint="is this the contract directory?"))
            break
    if problems:
        raise Refused("cannot read the contract's files", problems)
    return files


def is_part(path: str) -> bool:
    """Given a path inside the contract's folder, return whether the contract has it.

    Hidden files and what editors leave among the policies are no part of it. A hidden file that looks like a policy is
    not passed over: the reader refuses it by name.
    """
    first, *rest = path.split("/")
    if first not in PARTS or not rest or is_editor_file(path):
        return False
    return not any(part.startswith(".") for part in rest) or is_unexpected(path)


def _files(root: Path) -> Iterator[Path]:
    """Yield everything under the contract's folders that is no folder, and links to folders, which are not followed."""
    for part in PARTS:
        for parent, folders, names in os.walk(root / part):
            here = Path(parent)
            links = [name for name in folders if (here / name).is_symlink()]
            folders[:] = sorted(name for name in folders if f"{part}/" == POLICIES or not name.startswith("."))
            yield from (here / name for name in [*names, *links] if is_part((here / name).relative_to(root).as_posix()))


def _content(path: Path, name: str, *, root: Path) -> bytes | Problem:
    """Return the file's bytes, or why they cannot be had."""
    place = Place(name.encode("utf-8", "backslashreplace").decode())
    if place.file != name:
        return Problem(Code.NOT_UTF8, place, "the file name is not UTF-8", hint="rename it")
    try:
        target = path.resolve(strict=True)
        refusal = _refusal(target, root)
        if refusal is None:
            return target.read_bytes()
        message, hint = refusal
        return Problem(Code.UNREADABLE_FILE, place, message, hint=hint)
    except RuntimeError:  # in Python 3.11 and 3.12
        reason = _LOOP
    except OSError as error:
        reason = _LOOP if error.errno == errno.ELOOP else str(error.strerror)
    return Problem(Code.UNREADABLE_FILE, place, f"cannot read the file: {reason}")


def _refusal(target: Path, root: Path) -> tuple[str, str] | None:
    """Return why a file is not read, and the way out; None when it may be read."""
    if not target.is_relative_to(root):
        return "the symbolic link points outside the contract", "copy the file here"
    if target.is_dir():
        return "symbolic links to directories are not followed", "replace it with a directory"
    if not target.is_file():
        return "neither a file nor a directory", "remove it"
    size = target.stat().st_size
    if size > limits.TREE_FILE_BYTES:
        return f"the file has {size:,} bytes; the limit is {limits.TREE_FILE_BYTES:,}", ""
    return None


def _shown(folder: Path) -> str:
    return str(folder).encode("utf-8", "backslashreplace").decode()
