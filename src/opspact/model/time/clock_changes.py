"""Clock changes: on which days a zone's clocks are set, and by how much.

Comes in: a zone, two days. Goes out: changes, in order.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opspact.structs import Struct

_DAY = timedelta(days=1)


class ClockChange(Struct):
    """Clocks in a zone are set on a day, by so much; `by` is negative where they go back."""

    day: date
    zone: str
    by: timedelta


@lru_cache(maxsize=64)
def clock_changes(zone: str, first: date, last: date) -> tuple[ClockChange, ...]:
    """Given a zone and two days, both included, return the days on which its clocks are set: by midnight after them."""
    info, found = ZoneInfo(zone), []
    before = _offset(first, info)
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        after = _offset(day + _DAY, info)
        if after != before:
            found.append(ClockChange(day, zone, after - before))
        before = after
    return tuple(found)


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    return datetime.combine(day, time(), zone).utcoffset() or timedelta()
