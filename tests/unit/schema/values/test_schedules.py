"""Schedules: plain forms and cron, compared with cronsim."""

from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.schedules import parse_schedule
from opspact.values.schedule import Schedule

EVERY_DAY = tuple(range(1, 32))
EVERY_MONTH = tuple(range(1, 13))
EVERY_WEEK_DAY = tuple(range(7))


def test_a_plain_form_is_a_set_of_wall_times() -> None:
    expected = Schedule(
        "weekly on Sunday at 02:30",
        minutes=(30,),
        hours=(2,),
        month_days=EVERY_DAY,
        months=EVERY_MONTH,
        week_days=(0,),
    )
    assert expected == parse_schedule("weekly on  Sunday at 02:30")


def test_the_last_day_stands_for_itself() -> None:
    schedule = parse_schedule("quarterly on last day at 18:00")
    assert (schedule.last_day, schedule.month_days, schedule.months) == (True, (), (3, 6, 9, 12))


@pytest.mark.parametrize(
    ("plain", "cron"),
    [
        ("hourly at :15", "15 * * * *"),
        ("daily at 02:00", "0 2 * * *"),
        ("weekly on monday at 09:05", "5 9 * * 1"),
        ("monthly on day 28 at 03:00", "0 3 28 * *"),
        ("quarterly on day 15 at 10:00", "0 10 15 1,4,7,10 *"),
    ],
)
def test_a_plain_form_means_the_same_as_its_cron(plain: str, cron: str) -> None:
    assert fields(parse_schedule(cron)) == fields(parse_schedule(plain))


def fields(schedule: Schedule) -> tuple[object, ...]:
    return (
        *(schedule.minutes, schedule.hours, schedule.month_days, schedule.months, schedule.week_days),
        *(schedule.last_day, schedule.either_day),
    )


def values(first: int, last: int) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.integers(2, max(2, (last - first) // 2)).map(lambda step: f"*/{step}")
    lists = st.lists(st.one_of(number.map(str), ranges), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), steps, lists)


CRON = st.tuples(values(0, 59), values(0, 23), values(1, 28), values(1, 12), values(0, 7)).map(" ".join)


@given(CRON)
def test_cron_means_what_it_means_to_debian(text: str) -> None:
    schedule = parse_schedule(text)
    upcoming = CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    previous = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(5):
        instant = next(upcoming)
        assert is_due(schedule, instant)
        day = previous + timedelta(days=1)
        while day.date() < instant.date():
            assert not is_due(schedule, day.replace(hour=schedule.hours[0], minute=schedule.minutes[0]))
            day += timedelta(days=1)
        previous = instant


def is_due(schedule: Schedule, instant: datetime) -> bool:
    month_day, week_day = instant.day in schedule.month_days, instant.isoweekday() % 7 in schedule.week_days
    day = (month_day or week_day) if schedule.either_day else (month_day and week_day)
    clock = instant.hour in schedule.hours and instant.minute in schedule.minutes
    return clock and day and instant.month in schedule.months


@given(st.text() | st.lists(st.sampled_from([*"0123456789*/-,", "mon", "jan", "daily", "at", "on", " "])).map("".join))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except InvalidValueError:
        return
    assert all((schedule.minutes, schedule.hours, schedule.months, schedule.week_days))
    assert schedule.last_day == (schedule.month_days == ())
