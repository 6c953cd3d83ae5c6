"""When schedules are due: as cronsim says where clocks do not change, and as systemd does where they do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from opspact.model.time.occurrences import least_interval, occurrences
from opspact.schema.values.schedules import parse_schedule
from opspact.structs import asdict
from opspact.values.schedule import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def meant(text: str) -> Schedule:
    written = parse_schedule(text)
    return Schedule(**asdict(written))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    "cron", ["15 2 * * *", "*/20 9-17 * * mon-fri", "0 3 1 * *", "0 0 29 2 *", "30 4 13 * fri", "5 0 1 1,4,7,10 *"]
)
def test_a_cron_schedule_is_due_when_cronsim_says(cron: str) -> None:
    start, end = at("2027-12-30"), at("2028-03-05")
    expected = []
    for moment in CronSim(cron, start):
        if moment >= end:
            break
        expected.append(moment.astimezone(UTC))
    assert list(occurrences(meant(cron), SHANGHAI, start, end=end)) == [one for one in expected if one >= start]


def test_both_ends_are_half_open() -> None:
    start, end = at("2026-03-02T02:00"), at("2026-03-04T02:00")
    assert list(occurrences(meant("daily at 02:00"), SHANGHAI, start, end=end)) == [start, at("2026-03-03T02:00")]


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("daily at 07:15", 24), ("hourly at :05", 1), ("30 6,18 * * *", 12), ("15 7 * * 1-5", 24), ("0 7 * * 0", 168)],
)
def test_the_shortest_time_between_two_runs_is_that_of_the_week(schedule: str, hours: float) -> None:
    assert least_interval(meant(schedule)).total_seconds() == hours * 3600


def test_the_last_day_of_a_month_is_found_in_a_leap_year() -> None:
    due = occurrences(meant("monthly on last day at 18:00"), SHANGHAI, at("2028-02-01"), end=at("2028-04-01"))
    assert list(due) == [at("2028-02-29T18:00"), at("2028-03-31T18:00")]


def test_a_wall_time_that_does_not_exist_is_passed_over_by_systemd_and_moved_by_people() -> None:
    start, end = at("2026-03-29", BERLIN), at("2026-03-30", BERLIN)
    half_past_two = meant("daily at 02:30")
    assert list(occurrences(half_past_two, BERLIN, start, end=end)) == []
    assert list(occurrences(half_past_two, BERLIN, start, end=end, forward=True)) == [at("2026-03-29T03:30", BERLIN)]


def test_an_hour_that_comes_twice_is_due_the_first_time() -> None:
    due = occurrences(meant("daily at 02:30"), BERLIN, at("2026-10-25", BERLIN), end=at("2026-10-26", BERLIN))
    assert list(due) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
