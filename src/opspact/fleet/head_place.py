"""Where signed heads of a ledger are kept: a file, a branch in git, a file on a host.

In: a place as the operator writes it. Out: the lines that are kept there, and one more. Nothing is ever replaced.
"""

import fcntl
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from opspact.errors import PlaceUnavailable, Refused
from opspact.fleet.failures import HostLost, ReadFailed, quoted
from opspact.fleet.head_branch import HeadBranch
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.fleet.shell_words import word
from opspact.structs import Struct

_MODE = 0o644  # heads are no secrets, and the customer reads them


class HeadPlace(Protocol):
    """A place of lines. `str` names it as the operator writes it."""

    def lines(self) -> list[str]:
        """Return the lines that are there; none where nothing is. Raise PlaceUnavailable when nobody can say."""

    def append(self, line: str) -> None:
        """Given a line, keep it there, on the disk. Raise PlaceUnavailable when that is not certain."""


class HeadFile(Struct):
    """A file on this machine, on a disk of the customer's for example."""

    path: Path

    def __str__(self) -> str:
        """Return the place as it is written."""
        return f"file:{self.path}"

    def lines(self) -> list[str]:
        """Return the file's lines."""
        try:
            return split_lines(self.path.read_bytes())
        except FileNotFoundError as error:
            if self.path.parent.is_dir():
                return []
            raise PlaceUnavailable(f"{self} cannot be read: there is no such directory") from error
        except OSError as error:
            raise PlaceUnavailable(f"{self} cannot be read: {error.strerror}") from error

    def append(self, line: str) -> None:
        """Given a line, append it; one that a crash left incomplete is ended before it."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                size = os.fstat(file.fileno()).st_size
                start = b"\n" if size and os.pread(file.fileno(), 1, size - 1) != b"\n" else b""
                file.write(start + f"{line}\n".encode())
                os.fsync(file.fileno())
            _sync_folder(self.path.parent)
        except OSError as error:
            raise PlaceUnavailable(f"{self} cannot be written: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HostFile(Struct):
    """A file on a host of the inventory, reached by the sessions of a command."""

    host: str
    path: str
    sessions: Sessions

    def __str__(self) -> str:
        """Return the place as it is written."""
        return f"host:{self.host}:{self.path}"

    def lines(self) -> list[str]:
        """Return the file's lines."""

        def read(session: Session) -> bytes | ReadFailed | None:
            try:
                return session.read(self.path)
            except ReadFailed as failed:
                return failed

        match self.sessions.each(read, [self.host])[self.host]:
            case HostLost() as lost:
                raise PlaceUnavailable(f"{self} cannot be read: {lost.detail}")
            case ReadFailed() as failed:
                raise PlaceUnavailable(f"{self} cannot be read: {failed}")
            case data:
                return split_lines(data or b"")

    def append(self, line: str) -> None:
        """Given a line, append it."""
        done = self.sessions.each(lambda session: session.run(append_command(self.path, line)), [self.host])[self.host]
        if isinstance(done, HostLost):
            raise PlaceUnavailable(f"{self} cannot be written: {done.detail}")
        if done.rc != 0:
            raise PlaceUnavailable(f"{self} cannot be written: {quoted(done.stderr) or f'exit status {done.rc}'}")


def append_command(path: str, line: str) -> str:
    """Given an absolute path and a line, return the command that appends it there and writes it to the disk."""
    file = word(path)
    return (
        f"umask 022; if [ -s {file} ] && [ -n \"$(tail -c 1 -- {file})\" ]; then printf '\\n' >>{file} || exit; fi; "
        f"printf '%s\\n' {word(line)} >>{file} && sync -- {file}"
    )


class HostFileName(Struct):
    """A file on a host, as it is written: no session is open yet."""

    host: str
    path: str

    def opened(self, sessions: Sessions) -> HostFile:
        """Given sessions, return the place."""
        return HostFile(self.host, self.path, sessions)


Written = HeadFile | HeadBranch | HostFileName
"""A place as the operator wrote it."""


@contextmanager
def open_places(
    written: Sequence[Written], sessions: Callable[[Collection[str]], AbstractContextManager[Sessions]]
) -> Iterator[tuple[HeadPlace, ...]]:
    """Given places, and what opens sessions to hosts, yield the places, ready to be read, in the same order."""
    hosts = list(dict.fromkeys(place.host for place in written if isinstance(place, HostFileName)))
    if not hosts:
        yield tuple(place for place in written if not isinstance(place, HostFileName))
        return
    with sessions(hosts) as opened:
        yield tuple(place.opened(opened) if isinstance(place, HostFileName) else place for place in written)


_FORMS = "use file:PATH, git:REPOSITORY#BRANCH or host:NAME:/PATH"


def parse_places(texts: Iterable[str]) -> tuple[Written, ...]:
    """Given places as the operator writes them, return them in their order, each once. Raise Refused for others."""
    return tuple(dict.fromkeys(map(_parse, texts)))


def _parse(text: str) -> Written:
    scheme, _, rest = text.partition(":")
    if not rest.isprintable() or not rest:
        raise Refused(f"{text!r} is not a place for heads", hint=_FORMS)
    match scheme:
        case "file":
            return HeadFile(Path(rest).expanduser().absolute())
        case "git":
            return HeadBranch.parse(rest)
        case "host":
            host, _, path = rest.partition(":")
            if host and path.startswith("/"):
                return HostFileName(host, path)
    raise Refused(f"{text!r} is not a place for heads", hint=_FORMS)


def split_lines(data: bytes) -> list[str]:
    """Given the bytes of a place, return its lines, empty ones left out; what is not UTF-8 is shown as such."""
    return [line for line in data.decode("utf-8", "replace").split("\n") if line]
