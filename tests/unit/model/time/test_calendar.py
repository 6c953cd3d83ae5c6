"""Calendars: hours, holidays, deadlines, one example after the other."""

import dataclasses
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest

from opspact.model.time.calendar import (
    BeyondKnown,
    Calendar,
    Interval,
    always,
    between,
    due,
    is_open,
    open_intervals,
    opening,
)
from opspact.model.time.official_year import OfficialYear
from opspact.values.duration import Duration

NINE_TO_FIVE = ((540, 1020),)
WITH_LUNCH = ((540, 720), (810, 1110))
CHINA = ZoneInfo("Asia/Shanghai")
CHINESE = Calendar(
    "desk",
    "Asia/Shanghai",
    (NINE_TO_FIVE,) * 5 + ((),) * 2,
    country="CN",
    known_through=date(2026, 12, 31),
    workday_hours=NINE_TO_FIVE,
)
PLAIN = Calendar("plain", "Asia/Shanghai", (WITH_LUNCH,) * 5 + (((600, 1440),), ()), workday_hours=WITH_LUNCH)


def at(written: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))


def business(**amount: int) -> Duration:
    return Duration.from_time("business", timedelta(**amount))


def working_days(count: int) -> Duration:
    return Duration("", "working_days", count)


def pause(start: str, end: str) -> Interval:
    return at(start), at(end)


def is_workday(day: date) -> bool:
    found: bool = chinese_calendar.is_workday(day)  # type: ignore[no-untyped-call]  # the library has no types
    return found


@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_day_in_china_is_what_a_second_library_says(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(366)]
    assert {day: bool(CHINESE.hours_on(day)) for day in days if day.year == year} == {
        day: is_workday(day) for day in days if day.year == year
    }


def test_the_saturday_that_makes_up_for_spring_festival_is_worked_as_a_monday() -> None:
    assert due(CHINESE, at("2026-02-13T16:30"), business(hours=1)) == at("2026-02-14T09:30")


def test_spring_festival_is_passed_over() -> None:
    assert due(CHINESE, at("2026-02-14T16:00"), business(hours=2)) == at("2026-02-24T10:00")
    assert between(CHINESE, at("2026-02-13T00:00"), at("2026-02-25T00:00")) == 3 * 8 * 3600


def test_results_are_in_utc() -> None:
    found = due(CHINESE, at("2026-02-24T12:00"), business(minutes=30))
    assert found.tzinfo is UTC
    assert found.isoformat() == "2026-02-24T04:30:00+00:00"


def test_a_deadline_on_closing_time_is_the_closing_time() -> None:
    assert due(PLAIN, at("2026-03-02T09:00"), business(hours=3)) == at("2026-03-02T12:00")
    assert due(PLAIN, at("2026-03-02T09:00"), business(hours=8)) == at("2026-03-02T18:30")


def test_a_clock_that_starts_outside_hours_starts_at_the_next_opening() -> None:
    assert due(PLAIN, at("2026-03-02T12:30"), business(minutes=10)) == at("2026-03-02T13:40")
    assert due(PLAIN, at("2026-03-01T23:00"), business(minutes=10)) == at("2026-03-02T09:10")
    assert due(PLAIN, at("2026-03-02T18:30"), business(minutes=10)) == at("2026-03-03T09:10")
    assert opening(PLAIN, at("2026-03-02T12:00")) == at("2026-03-02T13:30")


def test_seconds_and_their_parts_are_kept() -> None:
    start = at("2026-03-02T09:00:07.25")
    assert due(PLAIN, start, business(hours=8)) == at("2026-03-03T09:00:07.25")
    assert between(PLAIN, start, at("2026-03-03T09:00:08")) == 8 * 3600 + 0.75


def test_hours_up_to_midnight_go_on_in_the_hours_from_midnight() -> None:
    night = Calendar("night", "UTC", (((1200, 1440),), ((0, 240),), (), (), (), (), ()))
    assert open_intervals(night, at("2026-03-02T00:00", "UTC"), at("2026-03-04T00:00", "UTC")) == [
        (at("2026-03-02T20:00", "UTC"), at("2026-03-03T04:00", "UTC"))
    ]


def test_days_off_and_days_worked_are_as_written_whatever_the_country_says() -> None:
    own = Calendar(
        "own",
        "Asia/Shanghai",
        (NINE_TO_FIVE,) * 5 + ((),) * 2,
        country="CN",
        closed=frozenset({date(2026, 2, 14), date(2026, 3, 3), date(2026, 3, 4)}),
        yearly=frozenset({(5, 6), (2, 29)}),
        workdays=frozenset({date(2026, 2, 17), date(2026, 3, 4)}),
        workday_hours=((600, 660),),
    )
    assert [bool(own.hours_on(date(2026, 2, day))) for day in (14, 16, 17, 28)] == [False, False, True, True]
    assert [bool(own.hours_on(date(2026, 3, day))) for day in (2, 3, 4)] == [True, False, True]
    assert not own.hours_on(date(2026, 5, 6))
    assert open_intervals(own, at("2026-02-17T00:00"), at("2026-02-18T00:00")) == [
        (at("2026-02-17T10:00"), at("2026-02-17T11:00"))
    ]


def test_nothing_is_guessed_after_the_last_day_known() -> None:
    assert due(CHINESE, at("2026-12-31T16:00"), business(hours=1)) == at("2026-12-31T17:00")
    with pytest.raises(BeyondKnown, match="the calendar desk is known through 2026-12-31"):
        due(CHINESE, at("2026-12-31T16:00"), business(hours=1, seconds=1))
    with pytest.raises(BeyondKnown):
        due(CHINESE, at("2026-12-31T17:00"), business(seconds=1))
    with pytest.raises(BeyondKnown):
        due(CHINESE, at("2026-12-31T16:00"), working_days(1))
    with pytest.raises(BeyondKnown):
        between(CHINESE, at("2026-12-31T16:00"), at("2027-01-01T00:00:01"))
    assert between(CHINESE, at("2026-12-31T16:00"), at("2027-01-01T00:00")) == 3600
    assert CHINESE.known_until == at("2027-01-01T00:00")
    assert due(CHINESE, at("2030-01-01T00:00"), Duration.from_time("elapsed", timedelta(days=1))) == at(
        "2030-01-02T00:00"
    )


def test_what_china_has_not_announced_is_not_known_whatever_the_policy_claims() -> None:
    claims = Calendar("claims", "Asia/Shanghai", CHINESE.week, country="CN", known_through=date(2090, 1, 1))
    assert claims.known is not None
    assert date(2026, 12, 31) <= claims.known < date(2035, 1, 1)
    with pytest.raises(BeyondKnown):
        claims.hours_on(date(2089, 1, 3))


def test_a_horizon_within_a_year_cuts_the_year() -> None:
    half = Calendar("half", "Asia/Shanghai", PLAIN.week, known_through=date(2026, 6, 30))
    assert between(half, at("2026-06-30T00:00"), at("2026-07-01T00:00")) == 8 * 3600
    with pytest.raises(BeyondKnown):
        open_intervals(half, at("2026-06-30T00:00"), at("2026-07-01T00:01"))
    with pytest.raises(BeyondKnown):
        is_open(half, at("2026-07-01T10:00"))


def test_a_calendar_without_holidays_knows_every_year() -> None:
    assert PLAIN.known_until is None
    assert due(PLAIN, at("2026-03-02T09:00"), business(hours=8 * 5 + 14)) == at("2026-03-08T00:00")
    assert between(PLAIN, at("2026-01-01T00:00"), at("2126-01-01T00:00")) > 100 * 52 * 54 * 3600


def test_working_days_keep_the_time_of_day() -> None:
    assert due(CHINESE, at("2026-02-13T16:30:05"), working_days(1)) == at("2026-02-14T16:30:05")
    assert due(CHINESE, at("2026-02-13T16:30"), working_days(2)) == at("2026-02-24T16:30")
    assert due(CHINESE, at("2025-12-31T10:00"), working_days(1)) == at("2026-01-04T10:00")


def test_working_days_that_start_outside_hours_start_at_the_next_opening() -> None:
    assert due(CHINESE, at("2026-02-13T18:00"), working_days(1)) == at("2026-02-24T09:00")


def test_pauses_stop_the_clock_in_any_order_and_may_run_into_each_other() -> None:
    pauses = [
        pause("2026-03-03T09:00", "2026-03-03T09:30"),
        pause("2026-03-02T16:00", "2026-03-02T17:00"),
        pause("2026-03-02T15:00", "2026-03-02T16:30"),
    ]
    assert due(CHINESE, at("2026-03-02T14:00"), business(hours=2), pauses=pauses) == at("2026-03-03T10:30")
    assert between(CHINESE, at("2026-03-02T14:00"), at("2026-03-03T10:30"), pauses=pauses) == 2 * 3600
    assert due(
        always("UTC"), at("2026-03-02T14:30"), Duration.from_time("elapsed", timedelta(hours=1)), pauses=pauses
    ) == at("2026-03-02T17:30")


def test_a_deadline_at_which_a_pause_begins_is_kept_before_it() -> None:
    one = [pause("2026-03-02T15:00", "2026-03-02T16:00")]
    assert due(CHINESE, at("2026-03-02T14:00"), business(hours=1), pauses=one) == at("2026-03-02T15:00")


def test_a_pause_outside_hours_changes_nothing() -> None:
    night = [pause("2026-03-02T17:00", "2026-03-03T09:00")]
    assert due(CHINESE, at("2026-03-02T16:00"), business(hours=2), pauses=night) == at("2026-03-03T10:00")


def test_days_are_added_first_and_then_pauses() -> None:
    held = [pause("2026-03-02T12:00", "2026-03-02T15:00"), pause("2026-03-09T12:00", "2026-03-10T12:00")]
    assert due(CHINESE, at("2026-03-02T10:00"), working_days(1), pauses=held) == at("2026-03-03T13:00")


@pytest.mark.parametrize(
    ("begins", "resumes", "expected"),
    [
        ("2026-03-06T17:00", "2026-03-09T09:00", "2026-03-10T10:00"),  # a weekend
        ("2026-03-04T20:00", "2026-03-05T07:00", "2026-03-10T10:00"),  # a night
        ("2026-03-06T15:00", "2026-03-09T11:00", "2026-03-10T14:00"),  # two open hours on each side
        ("2026-03-10T09:30", "2026-03-11T12:00", "2026-03-11T12:30"),  # over the deadline itself
        ("2026-03-10T10:00", "2026-03-10T12:00", "2026-03-10T10:00"),  # from the deadline on
        ("2026-03-03T07:00", "2026-03-03T10:00", "2026-03-10T10:00"),  # before the clock starts
    ],
)
def test_a_pause_moves_working_days_by_its_open_time(begins: str, resumes: str, expected: str) -> None:
    held = [pause(begins, resumes)]
    assert due(CHINESE, at("2026-03-03T10:00"), working_days(5), pauses=held) == at(expected)


def test_a_pause_moves_a_deadline_at_an_opening_by_its_open_time() -> None:
    held = [pause("2026-03-03T10:00", "2026-03-03T12:00")]
    assert due(CHINESE, at("2026-03-03T09:00"), working_days(1)) == at("2026-03-04T09:00")
    assert due(CHINESE, at("2026-03-03T09:00"), working_days(1), pauses=held) == at("2026-03-04T11:00")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-05T16:00", "2026-03-06T14:00"),  # a short Friday
        ("2026-03-05T13:00", "2026-03-06T13:00"),
        ("2026-03-05T14:00", "2026-03-06T14:00"),
        ("2026-03-06T10:00", "2026-03-07T10:00"),  # a Saturday in two parts
        ("2026-03-06T12:30", "2026-03-07T12:00"),  # a break at noon
        ("2026-03-06T08:30", "2026-03-07T09:00"),  # before the first opening
    ],
)
def test_working_days_never_end_at_a_closed_instant(start: str, expected: str) -> None:
    whole, friday, saturday = ((480, 1080),), ((480, 840),), ((540, 720), (780, 840))
    calendar = Calendar("short", "Asia/Shanghai", (*(whole,) * 4, friday, saturday, ()))
    assert due(calendar, at(start), working_days(1)) == at(expected)


def test_a_wall_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    zone = "Europe/Berlin"
    early = Calendar("early", zone, (((150, 300),),) * 7)
    start, end = at("2026-03-29T00:00", zone), at("2026-03-30T00:00", zone)
    assert open_intervals(early, start, end) == [(at("2026-03-29T03:30", zone), at("2026-03-29T05:00", zone))]
    assert due(early, at("2026-03-28T02:30", zone), working_days(1)) == at("2026-03-29T03:30", zone)


def test_of_a_wall_time_that_comes_twice_the_first_counts() -> None:
    zone = "America/New_York"
    early = Calendar("early", zone, (((60, 180),),) * 7)
    start, end = at("2026-11-01T00:00", zone), at("2026-11-02T00:00", zone)
    assert between(early, start, end) == 3 * 3600
    assert open_intervals(early, start, end)[0][0] == datetime(2026, 11, 1, 5, tzinfo=UTC)


def test_a_clock_change_of_half_an_hour_counts_as_half_an_hour() -> None:
    zone = "Australia/Lord_Howe"
    whole = Calendar("whole", zone, (((0, 1440),),) * 7, closed=frozenset({date(2000, 1, 1)}))
    assert between(whole, at("2026-04-05T00:00", zone), at("2026-04-06T00:00", zone)) == 24.5 * 3600
    assert between(whole, at("2026-10-04T00:00", zone), at("2026-10-05T00:00", zone)) == 23.5 * 3600


def test_always_is_every_hour_of_every_day_and_days_are_those_of_its_zone() -> None:
    day_and_night = always("Asia/Shanghai")
    assert day_and_night.is_always
    assert not PLAIN.is_always
    assert due(day_and_night, at("2026-03-01T12:00"), business(hours=30)) == at("2026-03-02T18:00")
    assert due(day_and_night, at("2026-03-01T12:00"), working_days(5)) == at("2026-03-06T12:00")
    assert is_open(day_and_night, at("2026-02-17T03:00"))
    assert between(day_and_night, at("2026-03-01T00:00"), at("2026-03-02T00:00")) == 86400


def test_nothing_lies_between_an_end_and_a_start() -> None:
    assert between(PLAIN, at("2026-03-03T10:00"), at("2026-03-02T10:00")) == 0
    assert open_intervals(PLAIN, at("2026-03-03T10:00"), at("2026-03-02T10:00")) == []


def test_a_budget_of_less_than_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        due(PLAIN, at("2026-03-02T10:00"), Duration.from_time("business", timedelta(hours=-1)))


def official(year: int, *, off: Iterable[date] = (), worked: Iterable[date] = ()) -> OfficialYear:
    return OfficialYear(year, frozenset({date(year, 1, 1), *off}), frozenset(worked), "a notice")


def with_official(*years: OfficialYear, **others: Any) -> Calendar:
    return dataclasses.replace(CHINESE, official=years, **{"known_through": None, **others})


def test_an_official_year_counts_in_place_of_the_country_s_and_makes_days_known() -> None:
    own = with_official(official(2027, off=[date(2026, 12, 31)], worked=[date(2027, 1, 9)]))
    assert own.known is not None
    assert date(2027, 12, 31) <= own.known < date(2035, 1, 1)
    assert [bool(own.hours_on(date(2027, 1, day))) for day in (1, 4, 9, 10)] == [False, True, True, False]
    assert not own.hours_on(date(2026, 12, 31))
    assert not own.hours_on(date(2026, 10, 1))  # what the library knows of other years stays
    assert with_official(official(2026)).hours_on(date(2026, 10, 1))
    with pytest.raises(BeyondKnown, match="not announced yet"):
        own.hours_on(date(2089, 1, 3))


def test_official_years_make_days_known_as_far_as_none_is_missing() -> None:
    years = [official(year) for year in (2026, 2028, 2029)]
    assert with_official(*years, country="").known == date(2026, 12, 31)
    assert with_official(*years, official(2027), country="").known == date(2029, 12, 31)
    assert with_official(*years, official(2027), known_through=date(2028, 6, 30)).known == date(2028, 6, 30)
    assert with_official(*years, country="DE").known is None


def test_of_a_day_in_two_official_years_the_later_one_decides() -> None:
    day = date(2027, 12, 31)
    assert not with_official(official(2028, off=[day]), official(2027, worked=[day])).hours_on(day)


def test_days_written_in_the_policy_come_before_official_ones() -> None:
    day, other = date(2027, 1, 1), date(2027, 1, 9)
    own = with_official(official(2027, worked=[other]), workdays=frozenset({day}), closed=frozenset({other}))
    assert (bool(own.hours_on(day)), bool(own.hours_on(other))) == (True, False)


def test_what_ends_knowledge_says_what_to_do() -> None:
    assert "calendar import" in with_official().remedy
    assert "update known_through" in with_official(known_through=date(2026, 6, 30)).remedy
    assert "next year's holidays" in dataclasses.replace(PLAIN, known_through=date(2026, 6, 30)).remedy
