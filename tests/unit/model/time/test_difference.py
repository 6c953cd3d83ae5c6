"""The days of which two calendars say something else."""

from datetime import date

from opspact.model.time.calendar import Calendar
from opspact.model.time.difference import DayChange, DayState, day_changes
from opspact.model.time.official_year import OfficialYear

NINE_TO_FIVE = ((540, 1020),)
WEEK = (NINE_TO_FIVE,) * 5 + (((600, 720),), ())
FIRST = date(2027, 1, 1)
BEFORE = Calendar("desk", "UTC", WEEK, known_through=date(2026, 12, 31), workday_hours=NINE_TO_FIVE)
YEAR = OfficialYear(2027, frozenset({FIRST, date(2026, 12, 31)}), frozenset({date(2027, 1, 9)}), "x")
AFTER = Calendar("desk", "UTC", WEEK, workday_hours=NINE_TO_FIVE, official=(YEAR,))
DAYS = [date(2026, 12, 31), *(date(2027, 1, day) for day in range(1, 12))]


def test_days_that_were_known_and_those_with_a_name_are_told() -> None:
    assert day_changes(BEFORE, AFTER, DAYS, names={FIRST: "New Year"}) == (
        DayChange(date(2026, 12, 31), DayState.OPEN, DayState.CLOSED, ""),
        DayChange(FIRST, DayState.UNKNOWN, DayState.CLOSED, "New Year"),
    )
    assert day_changes(AFTER, AFTER, DAYS, names={FIRST: "New Year"}) == ()


def test_other_hours_of_an_open_day_are_told() -> None:
    without = Calendar("desk", "UTC", WEEK)
    assert day_changes(without, AFTER, DAYS[2:], names={}) == (
        DayChange(date(2027, 1, 9), DayState.OPEN, DayState.OPEN, "", NINE_TO_FIVE),
    )
