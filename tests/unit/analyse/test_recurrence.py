"""How often something is so: days that count."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from duty import contract

from opspact.analyse.example import DAY
from opspact.analyse.recurrence import recurrence, recurrence_of
from opspact.analyse.rule import RuleContext
from opspact.model.finding import Recurrence
from opspact.model.time.occupancy import Days

NIGHT = ("2026-03-02T17:00", "2026-03-03T09:00")
WEEKEND = ("2026-03-06T17:00", "2026-03-09T09:00")


def days(*spells: tuple[str, str], zone: str = "Asia/Shanghai") -> tuple[int, str] | None:
    at = [tuple(datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)) for wall in each) for each in spells]
    found = recurrence(RuleContext(contract(zone=zone), DAY), [(start, end) for start, end in at])
    return (found.count, found.first.isoformat()) if found else None


@pytest.mark.parametrize("spell", [NIGHT, WEEKEND])
def test_what_is_so_once_does_not_repeat(spell: tuple[str, str]) -> None:
    assert days(spell) is None


def test_a_night_is_one_day_and_a_weekend_as_many_as_it_has_days() -> None:
    assert days(NIGHT, ("2026-03-03T17:00", "2026-03-04T09:00")) == (2, "2026-03-02")
    assert days(NIGHT, WEEKEND) == (4, "2026-03-02")


def test_two_breaks_of_one_day_are_one_day() -> None:
    assert days(("2026-03-02T10:00", "2026-03-02T11:00"), ("2026-03-02T12:00", "2026-03-02T13:00")) == (1, "2026-03-02")


def test_a_whole_day_is_one_day_though_it_ends_on_the_next() -> None:
    assert days(NIGHT, ("2026-03-07T00:00", "2026-03-08T00:00")) == (2, "2026-03-02")


def test_a_day_of_23_hours_is_one_day() -> None:
    first, second = ("2026-03-28T17:00", "2026-03-29T17:00"), ("2026-03-30T17:00", "2026-03-31T09:00")
    assert days(first, second, zone="Europe/Berlin") == (2, "2026-03-28")


def test_days_as_bits_are_counted_from_the_first() -> None:
    looked_at = Days(date(2026, 3, 2), date(2026, 3, 31))
    assert recurrence_of(0b1, looked_at) is None
    assert recurrence_of(0b101000, looked_at) == Recurrence(2, date(2026, 3, 5))


@pytest.mark.parametrize(
    ("count", "unit", "words"), [(1, "day", "on 1 day"), (52, "day", "on 52 days"), (3, "week", "in 3 weeks")]
)
def test_how_often_is_said_in_its_unit(count: int, unit: str, words: str) -> None:
    assert Recurrence(count, DAY, unit).times == words
