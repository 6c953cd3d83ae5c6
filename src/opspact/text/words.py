"""Words that rules share: a few of many names, lengths of time, instants, amounts.

Comes in: names, seconds, instants, bytes. Goes out: phrases.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

_SHOWN = 3
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_DAYS_RATHER_THAN_HOURS = 3 * 86_400


def some(names: Sequence[str], noun: str = "", *, last: str = "and") -> str:
    """Given names, return a few of them and how many more there are: `app1, app2, app3 and 9,997 more hosts`.

    `last`: the word before the last one.
    """
    if len(names) <= _SHOWN + 1:
        return ", ".join(names[:-1]) + (f" {last} " if len(names) > 1 else "") + "".join(names[-1:])
    more = f"{len(names) - _SHOWN:,} more"
    return f"{', '.join(names[:_SHOWN])} {last} {more}" + (f" {noun}" if noun else "")


def sentence(words: str) -> str:
    """Given words, return them as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."


def is_or_are(names: Sequence[str]) -> str:
    """Given names, return the verb that goes with them."""
    return "is" if len(names) == 1 else "are"


def lasting(seconds: float) -> str:
    """Given a length in seconds, return words for it, to the minute: `26 hours`, `31 days 1 hour`, `40 minutes`."""
    left = round(seconds / 60) * 60
    units = _UNITS if left >= _DAYS_RATHER_THAN_HOURS else _UNITS[1:]
    parts = []
    for unit, size in units:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts) or f"{round(seconds)} seconds"


def at(instant: datetime, zone: ZoneInfo) -> str:
    """Given an instant, return it by the zone's clock: `2026-03-02 02:00`."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def amount(size: float) -> str:
    """Given bytes, return words: `1.5 GB`, in powers of ten."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":  # noqa: PLR2004 - the next unit
            return f"{size:.4g} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes everything")
