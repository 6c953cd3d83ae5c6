"""How one written host becomes names and a port: ranges (`web[01:20:2]`), `host:port`, `[2001:db8::1]:22`.

Comes in: the text of a host entry. Goes out: host names, and the port if one is written. The rules are those of
Ansible's inventory plugins, so that both programs see the same hosts.
"""

import ipaddress
import re
import string
from collections.abc import Iterable

from opspact.schema.inventory.statements import Unreadable

MOST_HOSTS = 200_000
"""More hosts than this from an inventory's ranges are taken for a slip of the finger, not for a fleet."""

RANGE = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]"
LABEL = rf"(?:\w|{RANGE})(?:[\w-]|{RANGE})*(?<![_-])"
HOST_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*", re.IGNORECASE)
HEXADECIMAL_RANGE = re.compile(r"\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]", re.IGNORECASE)
BRACKETED_WITH_PORT = re.compile(r"\[(.+)\]:([0-9]+)")
PLAIN_WITH_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")
TWO_BOUNDS, THREE_BOUNDS = 2, 3


def read_host(text: str, limit: int = MOST_HOSTS) -> tuple[tuple[str, ...], int | None]:
    """Given a host entry, return every name it stands for and its port (None: none written).

    Raise Unreadable when a range is broken, empty or makes more than `limit` hosts, or no name is left.
    """
    if "[" not in text and ":" not in text:
        if not text:
            raise Unreadable("a host needs a name")
        return (text,), None
    name, port = _split_port(text)
    names = tuple(_expand(name, limit)) if "[" in name else (name,)
    return names, port


def _split_port(text: str) -> tuple[str, int | None]:
    """Return the name and the port; a text that is no address at all is a name as it stands, as in Ansible."""
    name, port = text, None
    for form in (BRACKETED_WITH_PORT, PLAIN_WITH_PORT):
        if match := form.fullmatch(name):
            name, port = match[1], int(match[2][:6])
    if not name or not (HOST_NAME.fullmatch(name) or _is_version_6(name)):
        return text, None
    if port is not None and not 0 < port <= 0xFFFF:  # noqa: PLR2004 - the largest port there is
        raise Unreadable(f"{port} is not a port", hint="a port is 1 to 65535")
    return name, port


def _is_version_6(name: str) -> bool:
    """Tell whether the name is an IPv6 address, where any part may be a range."""
    if "%" in name:
        return False
    try:
        ipaddress.IPv6Address(HEXADECIMAL_RANGE.sub("1", name))
    except ValueError:
        return False
    return True


def _expand(name: str, limit: int) -> Iterable[str]:
    """Return every name of a name with ranges, leftmost range slowest."""
    names = [""]
    rest = name
    while "[" in rest:
        head, _, behind = rest.partition("[")
        bounds, closed, rest = behind.partition("]")
        if not closed or "|" in name or "]" in head:
            raise Unreadable(f'the brackets in "{name}" are not balanced', hint="write a range as web[01:20]")
        steps = _range(bounds, limit=limit // len(names))
        names = [f"{before}{head}{step}" for before in names for step in steps]
    return [f"{before}{rest}" for before in names]


def _range(text: str, *, limit: int) -> list[str]:
    """Return the members of `begin:end` or `begin:end:step`; `end` is included."""
    bounds = text.split(":")
    if len(bounds) not in {TWO_BOUNDS, THREE_BOUNDS}:
        raise Unreadable(
            f"the range [{text}] is not start:end or start:end:step", hint="write it as [01:20] or [01:20:2]"
        )
    begin, end = bounds[0] or "0", bounds[1]
    step = _whole_number(bounds[2]) if len(bounds) == THREE_BOUNDS else 1
    if not end or not step:
        raise Unreadable(f"the range [{text}] has no end" if not end else f"the range [{text}] has step 0")
    width = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
    if width and width != len(end):
        raise Unreadable(f"start and end of the range [{text}] differ in length", hint=f"write {begin}:{end:0>{width}}")
    if begin in string.ascii_letters and end in string.ascii_letters:  # one letter, or Ansible's a run of them
        first, last = string.ascii_letters.index(begin), string.ascii_letters.index(end)
        members = list(string.ascii_letters[first : last + 1 : step])
    else:
        numbers = range(_whole_number(begin), _whole_number(end) + 1, step)
        if len(numbers) > limit:
            raise Unreadable(
                f"the range [{text}] expands to too many hosts",
                hint=f"the ranges of an inventory can expand to {MOST_HOSTS} hosts at most",
            )
        members = [str(number).zfill(width) for number in numbers]
    if not members:
        raise Unreadable(f"the range [{text}] is empty", hint="the start is greater than the end")
    return members


def _whole_number(text: str) -> int:
    """Return the number that a bound of a range writes."""
    if not text.isascii() or not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - far beyond MOST_HOSTS
        raise Unreadable(f'"{text}" is not valid in a range', hint="a range is between numbers or single letters")
    return int(text)
