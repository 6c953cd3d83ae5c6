"""One remote command that reports all about a path: its type, owner, group, mode and content.

In: a host and a path. Out: a frozen record, or None.
"""

import re
from collections.abc import Iterator

from opspact.steps.base import CheckedHost, Obstacle
from opspact.steps.host_program import PATH
from opspact.steps.question import ABSENT, UNSAFE_LINK, ask, ask_program
from opspact.structs import Struct

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Stat(Struct):
    """What is at a path. `type` in the words of stat(1); `content`: a file's SHA-256 in hex, a link's target."""

    type: str
    owner: str
    group: str
    mode: str
    content: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, empty or not."""
        return self.type == "regular file"


def stat(host: CheckedHost, path: str) -> Stat | None:
    """Given a path, return what is there, or None when nothing is.

    Raise ValueError when the host cannot say, or only by following a link that may be somebody else's.
    """
    outcome = ask_program(host, PATH.text, "look", path, failure=f"cannot read {path}", no=(ABSENT, UNSAFE_LINK))
    if outcome.rc == ABSENT:
        return None
    if outcome.rc == UNSAFE_LINK:
        raise ValueError(f"{outcome.stderr.strip()}; find out whose it is, and put a directory there")
    first, _, rest = outcome.stdout.partition("\n")
    type_, owner, group, mode = first.split("/")
    seen = Stat(type_, owner, group, mode, rest.removesuffix("\n"))
    if seen.is_file and not _DIGEST.fullmatch(seen.content):
        raise ValueError(f"cannot read {path}: no digest of its content")
    return seen


_FOUND = 'if [ -h "$1" ]; then if [ -d "$1" ]; then echo leads; fi; else find "$1" -maxdepth 0 -type d -empty; fi'


def _says_something(host: CheckedHost, path: str) -> bool:
    """Return whether a link leads to a directory, or a directory is empty."""
    return bool(ask(host, _FOUND, path, failure=f"cannot read {path}").stdout)


def not_a_file(host: CheckedHost, path: str, seen: Stat) -> str:
    """Given what is found where a file is expected, return the words for it.

    A link is written over, except one to a directory: Ansible would copy the file into that.
    """
    says_something = _says_something(host, path)
    if seen.type == "symbolic link" and not says_something:
        return f"is a {seen.type}, expected a file"
    target = " to a directory" if seen.type == "symbolic link" else ""
    return Obstacle(f"is a {seen.type}{target}, expected a file; {_remedy(seen)}", _found(seen, empty=says_something))


def not_a_link(host: CheckedHost, path: str, seen: Stat, *, target: str) -> str:
    """Given what is found where a link is expected, return the words; files and empty directories are replaced."""
    words = f"is a {seen.type}, expected a link to {target}"
    if seen.is_file or (seen.type == "directory" and _says_something(host, path)):
        return words
    return Obstacle(f"{words}; {_remedy(seen)}", _found(seen, empty=False))


def not_a_directory(seen: Stat) -> str:
    """Given what is found where a directory is expected, return the words for it."""
    return Obstacle(f"is a {seen.type}, expected a directory; {_remedy(seen)}", _found(seen, empty=False))


def _remedy(seen: Stat) -> str:
    what = "a file to make a directory" if seen.is_file else f"a {seen.type}"
    return f"opspact does not delete {what}: move it away by hand"


def _found(seen: Stat, *, empty: bool) -> str:
    if seen.is_file:
        return "regular file"
    return "empty directory" if empty and seen.type == "directory" else seen.type


def foreign_type(seen: Stat) -> str:
    """Given what a removal found in place of what it was to remove, return why it stays."""
    return f"a {seen.type} is there now, which opspact did not put there"


def ownership(seen: Stat, *, owner: str, group: str, mode: str | None) -> Iterator[str]:
    """Yield the differences of owner, group and mode (octal text, leading zeros do not count)."""
    if seen.owner != owner:
        yield f"owner is {seen.owner}, expected {owner}"
    if seen.group != group:
        yield f"group is {seen.group}, expected {group}"
    if mode is not None and int(seen.mode, 8) != int(mode, 8):
        yield f"mode is {seen.mode.zfill(4)}, expected {mode.zfill(4)}"
