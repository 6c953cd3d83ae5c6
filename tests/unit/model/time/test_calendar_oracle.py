"""A second implementation, slow and plain: it walks minute by minute and counts. Both must say the same."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from calendars_at_random import WINDOW, business, calendars, minutes_near, pauses_near
from effort import EFFORT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opspact.model.time.calendar import Calendar, Interval, between, due
from opspact.values.duration import Duration

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
MARGIN = 4


@cache
def minutes_of(middle: date) -> list[datetime]:
    """Every minute of the window, in UTC."""
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=WINDOW + MARGIN)
    return [start + MINUTE * offset for offset in range(2 * (WINDOW + MARGIN) * 1440)]


@cache
def walls_of(middle: date, zone: str) -> Mapping[datetime, datetime]:
    """Each wall time that a clock in the zone shows in the window, and when it first does."""
    shown: dict[datetime, datetime] = {}
    for minute in minutes_of(middle):
        shown.setdefault(minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None), minute)
    return shown


def when(walls: Mapping[datetime, datetime], clock_instant: datetime) -> datetime:
    """When a clock shows a time; one that it never shows is as long after the last before it as it would have been."""
    last = clock_instant
    while last not in walls:
        last -= MINUTE
    return walls[last] + (clock_instant - last)


@cache
def is_shown(day: date, zone: str) -> bool:
    """Whether a clock in the zone shows the day at all: Samoa left 2011-12-30 out."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return any((midnight + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).date() == day for hour in range(-14, 38))


def hours_of(calendar: Calendar, day: date) -> tuple[tuple[int, int], ...]:
    if not is_shown(day, calendar.zone):
        return ()
    if day in calendar.workdays:
        return calendar.workday_hours
    return () if day in calendar.closed else calendar.week[day.weekday()]


def open_minutes(calendar: Calendar, middle: date) -> set[datetime]:
    walls, found = walls_of(middle, calendar.zone), set()
    for offset in range(-WINDOW - MARGIN + 2, WINDOW + MARGIN - 1):
        day = middle + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time
        for start, end in hours_of(calendar, day):
            at, last = when(walls, midnight + MINUTE * start), when(walls, midnight + MINUTE * end)
            while at < last:
                found.add(at)
                at += MINUTE
    return found


def counted(open_: set[datetime], start: datetime, end: datetime, *, pauses: list[Interval]) -> int:
    """The seconds of the open minutes from a start to an end that are in no pause."""
    stopped = [minute for minute in open_ if any(first <= minute < last for first, last in pauses)]
    return 60 * sum(start <= minute < end for minute in open_ - set(stopped))


def next_open_on_day(open_: set[datetime], wanted: datetime, midnight: datetime) -> datetime:
    """The instant itself where it is open, or closes; else the last closing of its day; else the next opening."""
    back = wanted.replace(second=0, microsecond=0)
    if back in open_:
        return wanted
    while back > midnight:
        if back - MINUTE in open_:
            return back
        back -= MINUTE
    return min(minute for minute in open_ if minute > wanted)


@settings(max_examples=15 * EFFORT)
@given(st.data())
def test_open_time_is_what_counting_minutes_gives(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, end = sorted([data.draw(minutes_near(middle)), data.draw(minutes_near(middle))])
    pauses = data.draw(pauses_near(middle, instants=minutes_near(middle)))
    expected = counted(open_minutes(calendar, middle), start, end, pauses=pauses)
    assert between(calendar, start, end, pauses=pauses) == expected


def test_a_day_that_the_zone_never_had_is_open_for_no_minute() -> None:
    hours = ((0, 15),)
    calendar = Calendar(name="fridays", zone="Pacific/Apia", week=((), (), (), (), hours, (), ()))
    start, end = datetime(2011, 12, 30, tzinfo=UTC), datetime(2011, 12, 31, tzinfo=UTC)
    assert between(calendar, start, end) == counted(open_minutes(calendar, date(2011, 12, 30)), start, end, pauses=[])


@settings(max_examples=15 * EFFORT)
@given(st.data())
def test_a_deadline_is_where_counting_minutes_ends(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start = data.draw(minutes_near(middle, most=6))
    pauses = data.draw(pauses_near(middle, instants=minutes_near(middle, most=6)))
    left = amount = data.draw(st.integers(1, 1500))
    ticking = [minute for minute in sorted(open_minutes(calendar, middle)) if minute >= start]
    for minute in ticking:
        left -= not any(first <= minute < last for first, last in pauses)
        if not left:
            break
    assume(not left)
    assert due(calendar, start, business(MINUTE * amount), pauses=pauses) == minute + MINUTE


@settings(max_examples=15 * EFFORT)
@given(st.data())
def test_working_days_are_what_walking_day_by_day_gives(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start = data.draw(minutes_near(middle, most=4))
    begins = [minute for minute in sorted(open_minutes(calendar, middle)) if minute >= start]
    assume(begins)
    local = begins[0].astimezone(ZoneInfo(calendar.zone))
    day, left = local.date(), data.draw(st.integers(1, 3))
    count = left
    while left and (day - middle).days < WINDOW:
        day += timedelta(days=1)
        left -= bool(hours_of(calendar, day))
    assume(not left)
    clock_instant = datetime.combine(day, local.time().replace(fold=0))
    walls = walls_of(middle, calendar.zone)
    wanted, midnight = when(walls, clock_instant), when(walls, datetime.combine(day, datetime.min.time()))
    expected = next_open_on_day(open_minutes(calendar, middle), wanted, midnight)
    assert due(calendar, start, Duration("", "working_days", count)) == expected
