"""What the user's ssh configuration says about sharing connections, read without starting ssh.

Comes in: a client's arguments. Goes out: whether any file that ssh may read for it has an option about that. `ssh -G`
would cost a process for each host, and does not tell a `no` that was written from one that was not.
"""

import pwd
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from glob import glob
from itertools import pairwise
from os import getuid
from os.path import expandvars
from pathlib import Path

_SYSTEM = Path("/etc/ssh/ssh_config")
_DEPTH = 16  # as ssh's own limit of files that include each other
_SHARING = {"controlmaster", "controlpath", "controlpersist"}
_LINE = re.compile(r'^[ \t]*"?(\w+)"?(?:[ \t]*=[ \t]*|[ \t]+)(.*)$', re.MULTILINE)


def shares_connections(client: Sequence[str]) -> bool:
    """Given a client's arguments, return whether its configuration has an option about sharing, for whatever host."""
    return any(map(_has_option, _files(client)))


def _files(client: Sequence[str]) -> tuple[Path, ...]:
    """Return the files that ssh begins with: that of `-F` in place of the usual ones."""
    given = [word[2:] or following for word, following in pairwise((*client, "")) if word.startswith("-F")]
    if given:
        return () if given[-1] == "none" else (Path(given[-1]),)
    return _home() / ".ssh/config", _SYSTEM


@cache
def _has_option(path: Path) -> bool:
    return any(keyword in _SHARING for keyword, _ in _options(path, _DEPTH))


def _options(path: Path, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the options of a file and of those that it includes; one that cannot be read has none."""
    text = ""
    with suppress(OSError):
        text = path.read_text("utf-8", "replace")
    for keyword, value in _LINE.findall(text):
        yield keyword.lower(), value
        if keyword.lower() == "include" and depth:
            folder = _SYSTEM.parent if path.is_relative_to(_SYSTEM.parent) else _home() / ".ssh"
            for included in _included(value, folder):
                yield from _options(included, depth - 1)


def _included(value: str, folder: Path) -> Iterator[Path]:
    """Yield the files that an Include names: patterns, relative ones in ssh's own folder."""
    for word in re.findall(r'"[^"]*"|\S+', value):
        pattern = expandvars(word.strip('"'))
        whole = _home() / pattern[2:] if pattern.startswith("~/") else folder / pattern
        yield from map(Path, glob(str(whole)))  # noqa: PTH207 - as ssh does: there, `**` means no more than `*`


@cache
def _home() -> Path:
    """Return the directory that ssh takes for the user's home, whatever HOME says."""
    try:
        return Path(pwd.getpwuid(getuid()).pw_dir)
    except KeyError:  # ssh does not start for a user without an entry
        return Path("/")
