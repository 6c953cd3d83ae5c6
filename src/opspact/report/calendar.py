"""Deadlines and open time, said.

Comes in: instants, seconds. Goes out: lines, JSON.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.text.durations import format_hours, plain_number
from opspact.text.instants import format_instant_in_utc, format_instant_with_offset


def due_lines(due: datetime, zone: ZoneInfo) -> list[Line]:
    """Given a deadline and the zone for people, return it there."""
    return [
        line((format_instant_with_offset(due, zone), "title"), (f"  {due.astimezone(zone):%A}, {zone.key}", "quiet"))
    ]


def due_json(due: datetime) -> str:
    """Given a deadline, return it as one JSON object, in UTC."""
    return document("calendar-due", {"due": format_instant_in_utc(due)})


def between_lines(seconds: float) -> list[Line]:
    """Given open seconds, return them for people."""
    return [line((format_hours(seconds), "title"), (f"  {plain_number(seconds)} seconds", "quiet"))]


def between_json(seconds: float) -> str:
    """Given open seconds, return them as one JSON object."""
    return document("calendar-between", {"seconds": plain_number(seconds)})
