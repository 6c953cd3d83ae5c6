"""Deadlines and open time, said.

Comes in: instants, seconds. Goes out: lines, JSON.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.report.document import document
from opspact.report.instants import exactly, for_people, for_scripts, whole
from opspact.report.lines import Line, line


def due_lines(due: datetime, zone: ZoneInfo) -> list[Line]:
    """Given a deadline and the zone for people, return it there."""
    return [line((for_people(due, zone), "title"), (f"  {due.astimezone(zone):%A}, {zone.key}", "quiet"))]


def due_json(due: datetime) -> str:
    """Given a deadline, return it as one JSON object, in UTC."""
    return document("calendar-due", {"due": for_scripts(due)})


def between_lines(seconds: float) -> list[Line]:
    """Given open seconds, return them for people."""
    return [line((exactly(seconds), "title"), (f"  {whole(seconds)} seconds", "quiet"))]


def between_json(seconds: float) -> str:
    """Given open seconds, return them as one JSON object."""
    return document("calendar-between", {"seconds": whole(seconds)})
