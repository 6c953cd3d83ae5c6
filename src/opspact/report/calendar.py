"""Deadlines and open time, said; and what an official list of holidays changes.

Comes in: instants, seconds, days. Goes out: lines, JSON.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.model.time.difference import DayChange
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.text.durations import format_hours, plain_number
from opspact.text.instants import format_instant_in_utc, format_instant_with_offset
from opspact.values.hours import Hours
from opspact.workspace.holiday_import import HolidayImport


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


def import_lines(found: HolidayImport, *, is_written: bool) -> list[Line]:
    """Given an import, return what it changes: day by day, then the last day known, then what became of the file."""
    announced = found.announcement
    lines = [
        line((f"{found.after.name}: holidays of {announced.year}", "title")),
        line((f"source: {announced.source}", "quiet")),
        *(_change_line(change) for change in found.changes),
        *_known_lines(found),
    ]
    if found.is_known_already:
        return [*lines, line(("no changes", "good"), f": {found.policy.shown} already has them")]
    if not found.changes and found.after.known == found.before.known:
        lines.append(line("no day changes"))
    state = ("written", "good") if is_written else ("not written", "doubt")
    return [*lines, line(state, f": {found.policy.shown}{'' if is_written else ' (--dry-run)'}")]


def _change_line(change: DayChange) -> Line:
    hours = ", ".join(str(Hours(*each)) for each in change.hours)
    now = f"{change.now}{f' {hours}' if hours else ''}"
    name = f" ({change.name})" if change.name else ""
    return line(f"{change.day} {change.day:%a}  {f'{change.was}':7} → {now}{name}", indent=2)


def _known_lines(found: HolidayImport) -> Iterator[Line]:
    """Yield how far days are known, where that is another day than before, or the year does not count yet."""
    was, now, year = found.before.known, found.after.known, found.announcement.year
    if was != now:
        yield line(f"known through: {was or 'any day'} → {now or 'any day'}")
    elif now is not None and now.year < year:
        missing = f"; import {now.year + 1} too" if now.year + 1 < year else ""
        yield line((f"{year} has no effect yet", "doubt"), f": the calendar is known through {now}{missing}")


def import_json(found: HolidayImport, *, is_written: bool) -> str:
    """Given an import, return it as one JSON object."""
    days = [
        {"date": f"{change.day}", "was": f"{change.was}", "is": f"{change.now}", "name": change.name}
        for change in found.changes
    ]
    known = found.after.known
    content = {
        "calendar": found.after.name,
        "year": found.announcement.year,
        "source": found.announcement.source,
        "written": is_written,
        "known_through": None if known is None else f"{known}",
        "days": days,
    }
    return document("calendar-import", content)
