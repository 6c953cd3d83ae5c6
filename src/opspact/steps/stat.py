"""One remote command that tells all about a path: its type, owner, group, mode and what it holds.

Comes in: a host and a path. Goes out: a frozen record, or None.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from opspact.steps.base import InTheWay, LookedAt
from opspact.steps.symlink_guard import CHECK, LED_ASTRAY

_COMMAND = CHECK.replace("%", "%%") + (
    "on %s || exit; if stat -c '%%F/%%U/%%G/%%a' -- %s 2>/dev/null; then "
    "if [ -h %s ]; then readlink -- %s; elif [ -f %s ]; then "
    "timeout 50 dd if=%s bs=1M iflag=nofollow,nonblock status=none | sha256sum; fi; "
    "elif [ -e %s ]; then exit 9; else exit 8; fi"
)
_MISSING = 8


@dataclass(frozen=True, slots=True)
class Stat:
    """What stands at a path. `type` in the words of stat(1); `holds`: a file's SHA-256 in hex, a link's target."""

    type: str
    owner: str
    group: str
    mode: str
    holds: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, empty or not."""
        return self.type in {"regular file", "regular empty file"}


def stat(host: LookedAt, path: str) -> Stat | None:
    """Given a path, return what stands there, or None when nothing does.

    Raise ValueError when the host could not tell, or only by following a link of somebody else's.
    """
    outcome = host.run(_COMMAND, *[path] * _COMMAND.count("%s"))
    if outcome.rc == _MISSING:
        return None
    if outcome.rc == LED_ASTRAY:
        raise ValueError(f"{outcome.stderr.strip()}; see whose it is, and put a folder there")
    if outcome.rc != 0:
        raise ValueError(f"cannot look at {path}: {outcome.stderr.strip() or f'exit status {outcome.rc}'}")
    first, _, rest = outcome.stdout.partition("\n")
    type_, owner, group, mode = first.split("/")
    return Stat(type_, owner, group, mode, rest.removesuffix("\n").removesuffix("  -"))


_STANDS = "if [ -h %s ]; then if [ -d %s ]; then echo leads; fi; else find %s -maxdepth 0 -type d -empty; fi"


def not_a_file(host: LookedAt, path: str, seen: Stat) -> str:
    """Given what stands where a file is wanted, return the words for it.

    A link is written over, but for one that leads into a directory: Ansible would copy the file into that.
    """
    says_something = bool(host.run(_STANDS, path, path, path).stdout)
    if seen.type == "symbolic link" and not says_something:
        return f"is a {seen.type}, wanted a file"
    leads = " to a directory" if seen.type == "symbolic link" else ""
    return InTheWay(f"is a {seen.type}{leads}, wanted a file; {_way_out(seen)}", _stands(seen, empty=says_something))


def not_a_link(host: LookedAt, path: str, seen: Stat, *, target: str) -> str:
    """Given what stands where a link is wanted, return the words for it; files and empty directories make way."""
    words = f"is a {seen.type}, wanted a link to {target}"
    if seen.is_file or (seen.type == "directory" and host.run(_STANDS, path, path, path).stdout):
        return words
    return InTheWay(f"{words}; {_way_out(seen)}", _stands(seen, empty=False))


def not_a_directory(seen: Stat) -> str:
    """Given what stands where a directory is wanted, return the words for it."""
    return InTheWay(f"is a {seen.type}, wanted a directory; {_way_out(seen)}", _stands(seen, empty=False))


def _way_out(seen: Stat) -> str:
    what = "file to make a directory" if seen.is_file else seen.type
    return f"opspact deletes no {what}: move it away by hand"


def _stands(seen: Stat, *, empty: bool) -> str:
    if seen.is_file:
        return "regular file"
    return "empty directory" if empty and seen.type == "directory" else seen.type


def something_else(seen: Stat) -> str:
    """Given what stands where a removal left it, return why it stays."""
    return f"a {seen.type} stands there now, which opspact did not put there"


def ownership(seen: Stat, *, owner: str, group: str, mode: str | None) -> Iterator[str]:
    """Yield the differences of owner, group and mode (octal text, leading zeros do not count)."""
    if seen.owner != owner:
        yield f"belongs to {seen.owner}, wanted {owner}"
    if seen.group != group:
        yield f"group is {seen.group}, wanted {group}"
    if mode is not None and int(seen.mode, 8) != int(mode, 8):
        yield f"mode is {seen.mode.zfill(4)}, wanted {mode.zfill(4)}"
