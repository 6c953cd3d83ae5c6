"""What two calendars say differently of days.

Comes in: a calendar and the one in its place. Goes out: days.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from opspact.model.time.calendar import Calendar
from opspact.structs import Struct
from opspact.values.hours import DayHours


class DayState(StrEnum):
    """What a calendar says of a day; `unknown`: its holidays are not announced yet."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class DayChange(Struct):
    """A day of which another calendar says something else: what it was, what it is, and for which holiday.

    `hours` are the new ones of a day that was open, and is, at other hours; else empty.
    """

    day: date
    was: DayState
    now: DayState
    name: str
    hours: DayHours = ()


def day_changes(
    before: Calendar, after: Calendar, days: Iterable[date], *, names: Mapping[date, str]
) -> tuple[DayChange, ...]:
    """Given two calendars, days in order and what some of them are called, return the days that differ.

    Of days that were not known, only those that have a name are shown: the others follow the week.
    """
    found = []
    for day in days:
        was, now = _hours(before, day), _hours(after, day)
        if was != now and (was is not None or day in names):
            hours = now if was and now else ()
            found.append(DayChange(day, _state(was), _state(now), names.get(day, ""), hours or ()))
    return tuple(found)


def _hours(calendar: Calendar, day: date) -> DayHours | None:
    """Return the hours of a day; None: it is not known."""
    return None if calendar.known is not None and day > calendar.known else calendar.hours_on(day)


def _state(hours: DayHours | None) -> DayState:
    if hours is None:
        return DayState.UNKNOWN
    return DayState.OPEN if hours else DayState.CLOSED
