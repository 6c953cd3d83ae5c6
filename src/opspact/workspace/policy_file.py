"""One policy file on disk: read to be edited, and replaced as a whole or not at all.

Comes in: a path. Goes out: its bytes; new bytes in its place.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from opspact.errors import OperationFailed, Refused
from opspact.schema.yaml import limits
from opspact.structs import Struct


class PolicyFile(Struct):
    """A policy file: where it is, how messages name it, and what was read."""

    path: Path
    shown: str
    content: bytes


def open_policy(path: Path, shown: str) -> PolicyFile:
    """Given a policy file's path and its name for messages, return it.

    Raise Refused when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return PolicyFile(path, shown, file.read(limits.POLICY_FILE_BYTES + 1))
    except OSError as error:
        raise Refused(f"cannot read {shown}: {error.strerror}") from error


def replace_policy(file: PolicyFile, content: bytes) -> None:
    """Given a policy file and its new bytes, put them in its place; owner and mode stay.

    Raise Refused when it is a link, is read-only, or was changed by somebody else since it was read, OperationFailed
    when it cannot be written; then it is as it was.
    """
    made = ""
    try:
        status = file.path.lstat()
        _check_may_be_replaced(file, status.st_mode)
        descriptor, made = tempfile.mkstemp(prefix=f".{file.path.name}.", suffix=".swp", dir=file.path.parent)
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(made, status.st_uid, status.st_gid)
        Path(made).chmod(stat.S_IMODE(status.st_mode))
        if file.path.read_bytes() != file.content:
            raise Refused(f"{file.shown} was changed by somebody else meanwhile", hint="try again")
        Path(made).replace(file.path)
        made = ""
    except OSError as error:
        raise OperationFailed(f"cannot write {file.shown}: {error.strerror}") from error
    finally:
        if made:
            with suppress(OSError):
                Path(made).unlink()


def _check_may_be_replaced(file: PolicyFile, mode: int) -> None:
    """Raise Refused for a link, whose place the new file would take, and for what its owner may not write."""
    if stat.S_ISLNK(mode):
        hint = f"write to the file that it leads to: {file.path.resolve()}"
        raise Refused(f"{file.shown} is a symbolic link", hint=hint)
    if not mode & stat.S_IWUSR or not os.access(file.path, os.W_OK):
        raise Refused(f"{file.shown} is read-only", hint="make it writable")
