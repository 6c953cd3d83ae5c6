"""Instants and lengths of time, said: to people in their zone with its offset, to scripts in UTC.

Comes in: aware instants, seconds. Goes out: text.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_MINUTE = 60


def for_scripts(at: datetime) -> str:
    """Given an aware instant, return it in UTC: `2026-02-24T04:30:00Z`; parts of a second only where there are any."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def for_people(at: datetime, zone: ZoneInfo) -> str:
    """Given an aware instant and a zone, return it there, with its offset: `2026-02-24T12:30:00+08:00`."""
    return at.astimezone(zone).isoformat()


def whole(seconds: float) -> int | float:
    """Given seconds, return them without a fraction where there is none."""
    return int(seconds) if seconds == int(seconds) else seconds


def exactly(seconds: float) -> str:
    """Given seconds, return them in hours, minutes and seconds, nothing rounded: `16h`, `1h30m`, `102h20m15s`."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, left = divmod(int(minutes), _MINUTE)
    parts = [f"{hours}h" if hours else "", f"{left}m" if left else "", f"{whole(round(rest, 6))}s" if rest else ""]
    return "".join(parts) or "0s"
