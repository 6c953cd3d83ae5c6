"""What holds for every calendar, whatever its hours, its zone and the pauses."""

from datetime import datetime, timedelta

import pytest
from calendars_at_random import amounts, business, calendars, instants_near, pauses_near
from effort import EFFORT
from hypothesis import given, settings
from hypothesis import strategies as st

from opspact.model.time.calendar import between, due, is_open, open_intervals, opening
from opspact.model.time.intervals import union
from opspact.model.time.open_year import MICROSECOND
from opspact.values.duration import Duration

pytestmark = pytest.mark.slow

ANY = st.data()


def seconds(amount: timedelta) -> float:
    return amount // timedelta(microseconds=1) / 1_000_000


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_what_is_open_until_a_deadline_is_the_budget(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, amount = data.draw(instants_near(middle)), data.draw(amounts())
    pauses = data.draw(pauses_near(middle))
    deadline = due(calendar, start, business(amount), pauses=pauses)
    assert between(calendar, start, deadline, pauses=pauses) == seconds(amount)
    just_before = deadline - timedelta(microseconds=1)
    assert between(calendar, start, just_before, pauses=pauses) < seconds(amount)


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_the_deadline_of_what_was_open_is_never_later(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, end = sorted([data.draw(instants_near(middle)), data.draw(instants_near(middle))])
    pauses = data.draw(pauses_near(middle))
    spent = between(calendar, start, end, pauses=pauses)
    if spent:
        deadline = due(calendar, start, business(timedelta(seconds=spent)), pauses=pauses)
        assert deadline <= end
        assert between(calendar, deadline, end, pauses=pauses) == 0


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_one_more_pause_never_moves_a_deadline_earlier(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, pauses = data.draw(instants_near(middle)), data.draw(pauses_near(middle).filter(bool))
    days = Duration("", "working_days", data.draw(st.integers(1, 6)))
    for length in (business(data.draw(amounts())), Duration.from_time("elapsed", data.draw(amounts())), days):
        fewer = due(calendar, start, length, pauses=pauses[1:])
        assert due(calendar, start, length, pauses=pauses) >= fewer >= due(calendar, start, length)


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_splitting_a_budget_changes_nothing(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, pauses = data.draw(instants_near(middle)), data.draw(pauses_near(middle))
    one, other = data.draw(amounts()), data.draw(amounts())
    first = due(calendar, start, business(one), pauses=pauses)
    assert due(calendar, first, business(other), pauses=pauses) == due(
        calendar, start, business(one + other), pauses=pauses
    )


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_the_order_of_pauses_and_where_they_touch_change_nothing(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start, pauses = data.draw(instants_near(middle)), data.draw(pauses_near(middle))
    length = business(data.draw(amounts()))
    assert due(calendar, start, length, pauses=pauses[::-1]) == due(calendar, start, length, pauses=union(pauses))


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_open_time_adds_up(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    first, second, third = sorted(data.draw(instants_near(middle)) for _ in range(3))
    whole = between(calendar, first, third)
    parts = between(calendar, first, second) + between(calendar, second, third)
    assert round(parts, 6) == whole
    intervals = open_intervals(calendar, first, third)
    assert round(sum((end - start).total_seconds() for start, end in intervals), 6) == whole
    assert intervals == union(intervals)


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_an_opening_is_open_and_nothing_before_it_is(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    at: datetime = data.draw(instants_near(middle))
    found = opening(calendar, at)
    assert found >= at
    assert is_open(calendar, found)
    assert between(calendar, at, found) == 0


@settings(max_examples=40 * EFFORT)
@given(ANY)
def test_working_days_end_in_open_time_of_a_working_day(data: st.DataObject) -> None:
    calendar, middle = data.draw(calendars())
    start = opening(calendar, data.draw(instants_near(middle)))
    count = data.draw(st.integers(1, 8))
    deadline = due(calendar, start, Duration("", "working_days", count))
    assert deadline > start
    assert is_open(calendar, deadline) or is_open(calendar, deadline - MICROSECOND)
    pauses = data.draw(pauses_near(middle))
    paused = due(calendar, start, Duration("", "working_days", count), pauses=pauses)
    assert round(between(calendar, start, paused, pauses=pauses), 6) == between(calendar, start, deadline)
