"""Time zones: names of the IANA database that places have, and those that it keeps for old files alone.

Comes in: a written name. Goes out: the name, if every host has it.

Hosts keep the schedules of their jobs in this zone, and Debian 13 has the old names (`PRC`, `US/Eastern`) in a package
of its own (tzdata-legacy): a timer with such a name is never due.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from zoneinfo import available_timezones

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.text.suggestions import nearest

_CURRENT = frozenset({"UTC"})
"""Names that are links to others and that all hosts have."""

_STATES = MappingProxyType(
    {
        "CST6CDT": "America/Chicago",
        "EST5EDT": "America/New_York",
        "MST7MDT": "America/Denver",
        "PST8PDT": "America/Los_Angeles",
    }
)
"""Old names that some editions of the database hold as zones of their own, not as links."""

_OFFSET = re.compile(r"(?P<area>etc/)?(?:gmt|utc)? ?(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?")
_OF_OFFSET = re.compile(r"Etc/GMT[+-]?\d+")
_PLACE = "Asia/Shanghai"


@cache
def _database(name: str) -> tuple[str, ...]:
    """Return the lines of a file of the package tzdata."""
    return tuple(files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines())


@cache
def _places() -> frozenset[str]:
    """Return the zones that the database names for places: none of them is old."""
    return frozenset(line.split("\t")[2] for line in _database("zone.tab") if not line.startswith("#"))


@cache
def _legacy() -> Mapping[str, str]:
    """Return the old names, each with the one in its place."""
    links = {link[2]: link[1] for line in _database("tzdata.zi") if (link := line.split())[0] == "L"}
    return {**{name: target for name, target in links.items() if name not in _places() | _CURRENT}, **_STATES}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def _near(text: str) -> str:
    """Return a hint to the zone that was probably meant: by the city's name, and within its area where that is known.

    Of whole names the area would be half of what is alike: Beirut is not near Beijing because both are in Asia.
    """
    area, _, city = text.casefold().rpartition("/")
    parts = {
        name: name.rpartition("/") for name in sorted(_known() - _legacy().keys()) if not _OF_OFFSET.fullmatch(name)
    }
    in_area = {name for name, (of_area, _, _) in parts.items() if of_area.casefold() == area} if area else set()
    found = {parts[name][2]: name for name in in_area or parts}
    near = nearest(city, found)
    return f'did you mean "{found[near]}"?' if near else f"for example {_PLACE}"


def _of_offset(offset: re.Match[str]) -> str:
    """Return what helps where a difference to UTC is written: the zones of that name have the other sign."""
    hours, sign = int(offset["hours"]), offset["sign"]
    name = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"
    if offset["area"] or not sign or int(offset["minutes"] or 0) or name not in _known():
        return f"use the zone of a place, for example {_PLACE}"
    return f'use the zone of a place, for example {_PLACE}; "{name}" is UTC{sign}{hours}' if hours else "use UTC"


def known_zone(text: str) -> str:
    """Given a zone's name, return it. Raise InvalidValueError if the IANA database has it not, or as an old name."""
    if text in _places():
        return text
    if text in _legacy():
        message = f"{quote(text)} is a legacy name of a time zone, which not every host has"
        raise InvalidValueError(Code.NOT_A_CHOICE, message, hint=f"use {_legacy()[text]}")
    if text not in _known():
        hint = _of_offset(offset) if (offset := _OFFSET.fullmatch(text.casefold())) else _near(text)
        raise InvalidValueError(Code.NOT_A_CHOICE, f"unknown time zone {quote(text)}", hint=hint)
    return text
