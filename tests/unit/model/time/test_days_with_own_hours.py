"""Days with hours of their own: half holidays, short Fridays, Saturday mornings."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from opspact.errors import Refused
from opspact.model.time.calendar import Calendar, due
from opspact.resolve.calendar import calendars_in
from opspact.schema.read import read_documents
from opspact.schema.values.durations import parse_duration

BERLIN = ZoneInfo("Europe/Berlin")
DESK = """\
kind: calendar
name: desk
zone: Europe/Berlin
week: {mon-thu: "08:00-17:00", fri: "08:00-14:00"}
holidays: {country: DE, known_through: 2026-12-31, dates: [2026-12-24]}
workday_hours: %s
"""


def desk(hours: str) -> Calendar:
    return calendars_in(read_documents("policies/desk.yaml", (DESK % hours).encode()))["desk"]


def hours_on(calendar: Calendar, day: str) -> list[str]:
    hour = 3_600_000_000
    return [f"{start / hour:g}-{end / hour:g}" for start, end in calendar.hours_on(date.fromisoformat(day))]


HALF_DAYS = '{2026-12-24: ["08:00-12:00"], 2026-11-07: "09:00-12:00", 2026-11-06: ["08:00-10:00", "11:00-12:00"]}'


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-12-24", 1),  # a day off that is half a day
        ("2026-11-07", 1),  # a Saturday morning
        ("2026-11-06", 2),  # a Friday with a break
        ("2026-11-13", 1),  # any other Friday
        ("2026-11-14", 0),  # any other Saturday
    ],
)
def test_a_day_has_its_own_hours_whatever_else_is_said(day: str, expected: int) -> None:
    assert len(hours_on(desk(HALF_DAYS), day)) == expected


def due_at(reported: str, within: str) -> str:
    start = datetime.fromisoformat(reported).replace(tzinfo=BERLIN).astimezone(UTC)
    return f"{due(desk(HALF_DAYS), start, parse_duration(within)).astimezone(BERLIN):%Y-%m-%dT%H:%M}"


def test_a_deadline_ends_when_a_short_day_closes() -> None:
    assert due_at("2026-12-23T16:00", "1 working days") == "2026-12-24T12:00"
    assert due_at("2026-11-05T16:30", "2 working days") == "2026-11-07T12:00"
    assert due_at("2026-12-23T16:00", "2 business hours") == "2026-12-24T09:00"


def test_default_hours_stand_beside_days() -> None:
    calendar = desk('{default: "10:00-12:00", 2026-12-24: "08:00-12:00"}')
    assert calendar.workday_hours == desk('"10:00-12:00"').workday_hours != calendar.week[0]
    assert desk('["10:00-12:00"]').day_hours == ()


@pytest.mark.parametrize("hours", ["[]", "{2026-12-24: []}", '{monday: "08:00-12:00"}', '{2026-02-30: "08:00-12:00"}'])
def test_what_is_no_day_and_no_hours_is_refused(hours: str) -> None:
    with pytest.raises(Refused):
        desk(hours)
