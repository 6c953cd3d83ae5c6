"""Deadlines of milestones, said.

Comes in: deadlines. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.model.deadlines import Deadline
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.text.durations import format_hours
from opspact.text.instants import format_instant_in_utc, format_instant_with_offset


def deadlines_lines(level: str, reported: datetime, computed: Sequence[Deadline], *, zone: ZoneInfo) -> Iterator[Line]:
    """Given a level, when it was reported and its deadlines, yield a line for each, in the contract's zone."""
    yield line((f"level {level}", "title"), f", reported {format_instant_with_offset(reported, zone)}")
    widest = max(len(one.milestone.name) for one in computed)
    for one in computed:
        if one.awaits:
            when = f"  {one.milestone.within} after {one.awaits}, shown as if it happens immediately"
        else:
            when = f"  {one.milestone.within}, {one.milestone.calendar}"
        if one.beyond:
            when += f"; pauses exceed the maximum of their reason by {format_hours(one.beyond.total_seconds())}"
        name = (f"{one.milestone.name:<{widest}}  ", "title")
        if one.due is None:
            yield line(name, ("unknown", "doubt"), f": {one.unknown}", (when, "quiet"), indent=2)
        else:
            yield line(name, format_instant_with_offset(one.due, zone), (when, "quiet"), indent=2)


def deadlines_json(level: str, reported: datetime, computed: Sequence[Deadline]) -> str:
    """Given a level, when it was reported and its deadlines, return one JSON object, in UTC.

    `due` is null where a calendar does not know the time, and `unknown` says why. `after` stands where a clock waits
    for an event; the deadline is as if it had happened at the report. `beyond` are the seconds of pauses that stopped
    no clock, since their reason may not take so long.
    """
    milestones = [
        {
            "name": one.milestone.name,
            "due": format_instant_in_utc(one.due) if one.due else None,
            "calendar": one.milestone.calendar,
            **({"unknown": one.unknown} if one.unknown else {}),
            **({"after": one.awaits} if one.awaits else {}),
            **({"beyond": one.beyond.total_seconds()} if one.beyond else {}),
        }
        for one in computed
    ]
    return document("sla-due", {"level": level, "reported": format_instant_in_utc(reported), "milestones": milestones})
