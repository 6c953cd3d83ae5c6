"""The first, or the last, of a day of the week in each month: the same days here and in a timer."""

from datetime import date

import pytest

from opspact.model.time.occurrences import due_days, is_due_on
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.schedules import parse_handover, parse_schedule
from opspact.values.schedule import on_calendar

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("text", "line", "first_days"),
    [
        ("monthly on first monday at 09:00", "Mon *-*-01..07 09:00:00 UTC", ["2026-01-05", "2026-02-02", "2026-03-02"]),
        ("monthly on third friday at 18:30", "Fri *-*-15..21 18:30:00 UTC", ["2026-01-16", "2026-02-20", "2026-03-20"]),
        ("monthly on last friday at 18:00", "Fri *-*~07/1 18:00:00 UTC", ["2026-01-30", "2026-02-27", "2026-03-27"]),
    ],
)
def test_each_month_has_one(text: str, line: str, first_days: list[str]) -> None:
    schedule = parse_schedule(text)
    days = list(due_days(schedule, *YEAR))
    assert [day.isoformat() for day in days[:3]] == first_days
    assert [day.month for day in days] == list(range(1, 13))
    assert all(is_due_on(schedule, day) for day in days)
    assert on_calendar(schedule, "UTC") == (line,)


@pytest.mark.parametrize(
    ("text", "line", "days"),
    [
        (
            "quarterly on first monday at 10:00",
            "Mon *-01,04,07,10-01..07 10:00:00 UTC",
            ["2026-01-05", "2026-04-06", "2026-07-06", "2026-10-05"],
        ),
        (
            "quarterly on last friday at 10:00",
            "Fri *-03,06,09,12~07/1 10:00:00 UTC",
            ["2026-03-27", "2026-06-26", "2026-09-25", "2026-12-25"],
        ),
    ],
)
def test_each_quarter_has_one(text: str, line: str, days: list[str]) -> None:
    schedule = parse_schedule(text)
    assert [day.isoformat() for day in due_days(schedule, *YEAR)] == days
    assert on_calendar(schedule, "UTC") == (line,)


@pytest.mark.parametrize("day", ["first weekday", "2nd tuesday", "last workday"])
def test_a_refused_day_of_a_month_names_days_of_a_week_too(day: str) -> None:
    with pytest.raises(InvalidValueError, match="first monday"):
        parse_schedule(f"monthly on {day} at 09:00")


@pytest.mark.parametrize("every", ["every 2 weeks", "every second week on monday", "biweekly on monday"])
def test_a_hand_over_of_several_weeks_is_shown_how(every: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        parse_handover(f"{every} at 09:00")
    assert "every 2 weeks on monday" in refused.value.hint
