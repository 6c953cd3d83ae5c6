"""Schedules as systemd reads them: compared with systemd-analyze and with cronsim, over clock changes too."""

import subprocess
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from opspact.model.time.occurrences import due_days, occurrences
from opspact.schema.values.schedules import parse_schedule
from opspact.structs import asdict
from opspact.values.period import Period
from opspact.values.schedule import Schedule, on_calendar, on_calendar_days


def read(text: str) -> Schedule:
    return Schedule(**asdict(parse_schedule(text)))


def elapses(lines: tuple[str, ...], start: datetime, count: int) -> list[datetime]:
    """Given OnCalendar lines, return the next instants at which systemd would start the unit, in UTC."""
    found: set[datetime] = set()
    for line in lines:
        command = ["systemd-analyze", "calendar", f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC", f"--iterations={count}"]
        environment = {"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        out = subprocess.run([*command, line], env=environment, capture_output=True, text=True, check=True).stdout
        for row in out.splitlines():
            name, _, value = row.strip().partition(": ")
            if name == "Next elapse" or name.startswith("Iter."):
                found.add(datetime.strptime(value.strip(), "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC))
    return sorted(found)[:count]


def cron_instants(text: str, start: datetime, *, zone: str, count: int) -> list[datetime]:
    upcoming = CronSim(text, start.astimezone(ZoneInfo(zone)))
    return [next(upcoming).astimezone(UTC) for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hourly at :15", "*-*-* *:15:00 Asia/Shanghai"),
        ("daily at 07:30", "*-*-* 07:30:00 Asia/Shanghai"),
        ("weekly on sunday at 02:00", "Sun *-*-* 02:00:00 Asia/Shanghai"),
        ("monthly on day 1 at 03:00", "*-*-01 03:00:00 Asia/Shanghai"),
        ("monthly on last day at 18:00", "*-*~01 18:00:00 Asia/Shanghai"),
        ("quarterly on day 15 at 10:00", "*-01,04,07,10-15 10:00:00 Asia/Shanghai"),
        ("*/20 8-10,12 * * mon-wed", "Mon,Tue,Wed *-*-* 08..10,12:00,20,40:00 Asia/Shanghai"),
    ],
)
def test_each_form_becomes_one_line(text: str, expected: str) -> None:
    assert (expected,) == on_calendar(read(text), "Asia/Shanghai")


def test_cron_with_both_day_fields_becomes_two_alternatives() -> None:
    expected = ("*-*-13 09:00:00 UTC", "Fri *-*-* 09:00:00 UTC")
    assert expected == on_calendar(read("0 9 13 * fri"), "UTC")


CRON = [
    "15 2 * * *",
    "*/15 * * * *",
    "7-59/13 * * * *",
    "0 9 13 * fri",
    "30 4 1,15 * *",
    "0 0 31 * *",
    "0 12 29 2 *",
    "5 5 * jan,jul sun",
    "0 6 */2 * mon",
    "0 22 * * 1-5",
    "30 7 * * 0,7",
]
ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", CRON)
def test_systemd_and_cronsim_agree_on_the_next_instants(text: str, zone: str) -> None:
    start = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    expected = cron_instants(text, start, zone=zone, count=25)
    assert expected == elapses(on_calendar(read(text), zone), start, 25)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("text", ["15 4 * * *", "45 0 * * *", "0 12 * * sun"])
def test_systemd_and_cronsim_agree_over_clock_changes(text: str, zone: str, change: datetime) -> None:
    start = change - timedelta(days=2)
    expected = cron_instants(text, start, zone=zone, count=60)
    assert expected == elapses(on_calendar(read(text), zone), start, 60)


def test_hours_that_do_not_exist_make_no_gap() -> None:
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    expected = [start + timedelta(hours=hour, minutes=20) for hour in range(5)]
    assert expected == elapses(on_calendar(read("hourly at :20"), "Europe/Berlin"), start, 5)


def test_an_hour_that_comes_twice_is_due_once_for_systemd() -> None:
    """The trap that `on_calendar` names: cron would start in both."""
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)
    expected = [start + timedelta(hours=hour, minutes=20) for hour in (0, 2, 3)]
    assert expected == elapses(on_calendar(read("hourly at :20"), "Europe/Berlin"), start, 3)


def test_a_wall_time_that_comes_twice_is_due_once() -> None:
    expected = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert expected == elapses(on_calendar(read("daily at 02:30"), "Europe/Berlin"), start, 2)


def test_systemd_passes_over_a_wall_time_that_does_not_exist() -> None:
    """The trap that `on_calendar` names: cron would start at 03:00 on the 29th."""
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    expected = [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
    assert expected == elapses(on_calendar(read("daily at 02:30"), "Europe/Berlin"), start, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("monthly on last day at 18:00", ["2026-01-31T18:00", "2026-02-28T18:00", "2026-03-31T18:00"]),
        ("quarterly on day 15 at 10:00", ["2026-01-15T10:00", "2026-04-15T10:00", "2026-07-15T10:00"]),
        ("quarterly on last day at 10:00", ["2026-03-31T10:00", "2026-06-30T10:00", "2026-09-30T10:00"]),
        ("weekly on monday at 09:00", ["2026-01-05T09:00", "2026-01-12T09:00", "2026-01-19T09:00"]),
    ],
)
def test_plain_forms_are_due_in_the_zone_of_the_contract(text: str, expected: list[str]) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    instants = elapses(on_calendar(read(text), "Asia/Shanghai"), datetime(2026, 1, 1, tzinfo=UTC), 3)
    assert expected == [f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}" for instant in instants]


@pytest.mark.parametrize(
    "text",
    ["hourly at :15", "*/20 8-10,12 * * mon-wed", "0 9 13 * fri", "monthly on last day at 18:00", "0 6 */2 * mon"],
)
def test_a_schedule_on_some_days_is_due_for_systemd_on_these_alone(text: str) -> None:
    days = Period(date(2026, 9, 18), date(2026, 11, 2))  # over a clock change and the ends of two months
    schedule = read(text).on_days(days)
    lines = on_calendar_days(schedule, "Europe/Berlin", due_days(schedule, days.first, days.last))
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    expected = list(occurrences(schedule, ZoneInfo("Europe/Berlin"), start, end=end))
    assert expected
    assert expected == elapses(lines, start, 2000)


def test_days_of_one_month_are_one_line() -> None:
    days = Period(date(2026, 2, 25), date(2026, 3, 13))
    schedule = read("hourly at :15").on_days(days)
    expected = ("2026-02-25..28 *:15:00 UTC", "2026-03-01..13 *:15:00 UTC")
    assert expected == on_calendar_days(schedule, "UTC", due_days(schedule, days.first, days.last))
