"""How rules tell lengths of time and instants.

Comes in: seconds, instants. Goes out: words. Used by the families' modules.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_DAYS_RATHER_THAN_HOURS = 3 * 86_400


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
