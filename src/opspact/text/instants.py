"""Instants as text: to people by the clock on the wall, to scripts in UTC.

Comes in: instants, zones. Goes out: text.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def format_instant(at: datetime, zone: ZoneInfo) -> str:
    """Given an aware instant, return it by the zone's clock, to the minute: `2026-03-02 02:00`."""
    return format_clock_time(at.astimezone(zone))


def format_clock_time(at: datetime) -> str:
    """Given a day and a time by the clock on the wall, return them to the minute: `2026-03-02 02:00`."""
    return at.strftime("%Y-%m-%d %H:%M")


def format_instant_with_offset(at: datetime, zone: ZoneInfo) -> str:
    """Given an aware instant, return it in a zone, with its offset: `2026-02-24T12:30:00+08:00`."""
    return at.astimezone(zone).isoformat()


def format_minute_with_offset(at: datetime, zone: ZoneInfo) -> str:
    """Given an aware instant, return it in a zone, to the minute, with its offset: `2026-02-24T12:30+08:00`."""
    return at.astimezone(zone).isoformat(timespec="minutes")


def format_second_with_offset(at: datetime, zone: ZoneInfo) -> str:
    """Given an aware instant, return it in a zone, to the second, with its offset: `2026-02-24 12:30:05+08:00`."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def format_instant_in_utc(at: datetime) -> str:
    """Given an aware instant, return it in UTC: `2026-02-24T04:30:00Z`; parts of a second only where there are any."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
