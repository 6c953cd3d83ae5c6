"""Times as bits of days and minutes: the same as counting minute by minute."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.model.time.occupancy import Days, Part, Taken, bits, first_overlap, outside, taken, whole_days
from opspact.model.time.occurrences import is_due_on, occurrences
from opspact.values.schedule import Schedule

LOOKED_AT = Days(date(2026, 2, 20), date(2026, 3, 12))
MINUTES = 1440
numbers = st.integers


def some(values: range, *, most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.sets(st.sampled_from(values), min_size=1, max_size=most).map(lambda found: tuple(sorted(found)))


schedules = st.builds(
    Schedule,
    text=st.just("any"),
    minutes=some(range(60), most=3),
    hours=some(range(24), most=3),
    month_days=some(range(1, 32), most=20),
    months=st.just((2, 3)),
    week_days=some(range(7), most=7),
    last_day=st.booleans(),
    either_day=st.booleans(),
)
lengths = st.sampled_from([0, 59, 60, 61, 3600, 14 * 3600, 86_400, 100_000, 3 * 86_400])


def by_counting(schedule: Schedule, seconds: float) -> set[int]:
    """Every minute taken, counted from the first midnight."""
    found: set[int] = set()
    for day in range(LOOKED_AT.count):
        if is_due_on(schedule, LOOKED_AT.first + timedelta(days=day)):
            for hour in schedule.hours:
                for minute in schedule.minutes:
                    begin = day * MINUTES + hour * 60 + minute
                    found.update(range(begin, begin + max(1, -(-int(seconds) // 60))))
    return {minute for minute in found if minute < LOOKED_AT.count * MINUTES}


def as_bits(schedule: Schedule, seconds: float) -> Taken:
    return taken(schedule, LOOKED_AT, days=LOOKED_AT.due_days(schedule), seconds=seconds)


@given(one=schedules, other=schedules, lasting=st.tuples(lengths, lengths))
def test_two_schedules_meet_where_a_minute_is_in_both(one: Schedule, other: Schedule, lasting: tuple[int, int]) -> None:
    long, longer = lasting
    both = by_counting(one, long) & by_counting(other, longer)
    expected = divmod(min(both), MINUTES) if both else None

    assert expected == first_overlap(as_bits(one, long), as_bits(other, longer), LOOKED_AT.count)


@pytest.mark.slow
@given(one=schedules, others=st.lists(st.tuples(schedules, lengths), max_size=3), long=lengths)
def test_what_is_outside_is_in_none_of_the_others(one: Schedule, others: list[tuple[Schedule, int]], long: int) -> None:
    left = by_counting(one, long)
    for other, longer in others:
        left -= by_counting(other, longer)
    expected = divmod(min(left), MINUTES) if left else None

    assert expected == outside(as_bits(one, long), [as_bits(*other) for other in others], LOOKED_AT.count)


def test_days_are_those_looked_at_and_no_others() -> None:
    assert LOOKED_AT.count == 21
    assert LOOKED_AT.between(date(2026, 1, 1), date(2026, 2, 21)) == 0b11
    assert LOOKED_AT.between(date(2026, 3, 12), date(2027, 1, 1)) == 1 << 20
    assert LOOKED_AT.between(date(2026, 4, 1), date(2026, 4, 2)) == 0
    assert LOOKED_AT.at(1, 61) == datetime(2026, 2, 21, 1, 1)  # noqa: DTZ001 - a wall time has no zone


def test_whole_days_take_each_of_their_minutes() -> None:
    last_minute = Taken(1, (Part(1, 1 << (MINUTES - 1)),))
    assert first_overlap(whole_days(1, LOOKED_AT), last_minute, 3) == (0, MINUTES - 1)
    assert outside(last_minute, [whole_days(1, LOOKED_AT)], 3) is None


@given(number=numbers(min_value=0, max_value=1 << 80))
def test_bits_are_the_powers_of_two_in_a_number(number: int) -> None:
    assert sum(1 << bit for bit in bits(number)) == number


def test_a_length_beyond_all_reason_takes_a_year() -> None:
    schedule = Schedule("any", minutes=(0,), hours=(0,), month_days=(1,), months=(1,), week_days=(0,))
    found = taken(schedule, LOOKED_AT, days=1, seconds=1e300)
    assert sum(part.days.bit_count() for part in found.parts) == 366


ZONES = ["Europe/Berlin", "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "America/Asuncion"]
WEEK = tuple(range(7))
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("zone", ZONES)
def test_all_minutes_of_a_year_are_in_its_days(zone: str) -> None:
    looked_at = Days(*YEAR, zone)
    every = whole_days((1 << looked_at.count) - 1, looked_at)
    assert sum(part.days.bit_count() * part.minutes.bit_count() for part in every.parts) == 365 * MINUTES
    assert len(looked_at.changes) == (0 if zone == "America/Asuncion" else 2)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("hours", "minutes"), [((0, 1, 2, 23), 90), ((22,), 240), ((3,), 1), ((12,), 3330)])
def test_a_run_through_a_clock_change_takes_its_length(zone: str, hours: tuple[int, ...], minutes: int) -> None:
    year, schedule = Days(*YEAR, zone), Schedule("any", (30,), hours, tuple(range(1, 32)), tuple(range(1, 13)), WEEK)
    for change in year.changes:
        looked_at = Days(YEAR[0] + timedelta(days=change - 3), YEAR[0] + timedelta(days=change + 3), zone)
        expected: set[tuple[int, int]] = set()
        midnight = looked_at.midnight
        for begin in occurrences(schedule, ZoneInfo(zone), midnight(0), end=midnight(looked_at.count)):
            spell = [begin + timedelta(minutes=minute) for minute in range(minutes)]
            days = [looked_at.number(at) for at in spell]
            expected |= {
                (day, (at - midnight(day)) // timedelta(minutes=1)) for day, at in zip(days, spell, strict=True)
            }
        found = taken(schedule, looked_at, days=looked_at.due_days(schedule), seconds=minutes * 60)
        assert expected == {(day, at) for part in found.parts for day in bits(part.days) for at in bits(part.minutes)}
