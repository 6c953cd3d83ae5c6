"""Who is on duty when: rotations, hand-overs, overrides, people who come and go, hours that are not covered."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from duty import at, contract, local, override, person, roster, weekly

from opspact.model.contract import Contract
from opspact.model.roster.balance import balance
from opspact.model.roster.changes import duty_changes
from opspact.model.roster.duty import Reason, duty_intervals, gaps, hours, on_duty, possible_duty, shifts
from opspact.model.time.intervals import union

YEAR = {"start": at("2026-01-01"), "end": at("2027-01-01")}


def reported(found: Contract, start: str, end: str, *, zone: str = "Asia/Shanghai") -> list[tuple[str, str, str]]:
    spells = shifts(found, found.rosters["hotline"], start=at(start, zone), end=at(end, zone))
    return [(local(shift.start, zone), local(shift.end, zone), shift.person) for shift in spells]


def there(found: Contract, when: str) -> tuple[str, ...]:
    return on_duty(found, found.rosters["hotline"], at(when))


def open_hours(found: Contract, start: str, end: str) -> list[tuple[str, str, Reason, str]]:
    return [
        (local(gap.start), local(gap.end), gap.reason, gap.why)
        for gap in gaps(found, found.rosters["hotline"], start=at(start), end=at(end))
    ]


def test_people_follow_one_another_at_each_hand_over() -> None:
    found = contract(roster(weekly("ann", "bob", "cho")))
    assert reported(found, "2026-01-01", "2026-01-22") == [
        ("2026-01-01T00:00", "2026-01-05T09:00", "ann"),
        ("2026-01-05T09:00", "2026-01-12T09:00", "bob"),
        ("2026-01-12T09:00", "2026-01-19T09:00", "cho"),
        ("2026-01-19T09:00", "2026-01-22T00:00", "ann"),
    ]


def test_a_hand_over_belongs_to_whoever_comes() -> None:
    found = contract(roster(weekly("ann", "bob")))
    assert (there(found, "2026-01-05T08:59:59"), there(found, "2026-01-05T09:00")) == (("ann",), ("bob",))


def test_a_rotation_begins_with_the_first_hand_over_after_since() -> None:
    found = contract(roster(weekly("ann", "bob", since="2026-01-06")))
    assert reported(found, "2026-01-01", "2026-01-19T09:00") == [("2026-01-12T09:00", "2026-01-19T09:00", "ann")]
    assert open_hours(found, "2026-01-01", "2026-01-19") == [
        ("2026-01-01T00:00", "2026-01-12T09:00", Reason.EMPTY, "its rotation has not started")
    ]


def test_several_on_duty_are_consecutive_people_and_one_changes_at_a_time() -> None:
    found = contract(roster("on_duty: 2\n" + weekly("ann", "bob", "cho")))
    instants = ("2026-01-01", "2026-01-06", "2026-01-13", "2026-01-20")
    assert [there(found, each) for each in instants] == [("ann", "bob"), ("bob", "cho"), ("cho", "ann"), ("ann", "bob")]


@pytest.mark.parametrize(
    ("day", "length"), [("2026-03-23", 167), ("2026-10-19", 169)], ids=["an hour is lost", "an hour comes twice"]
)
def test_a_hand_over_keeps_its_wall_time_over_a_clock_change_without_a_gap(day: str, length: int) -> None:
    zone = "Europe/Berlin"
    found = contract(roster(weekly("ann", "bob")), zone=zone)
    start = at(f"{day}T09:00", zone)
    end = at(f"{datetime.fromisoformat(day) + timedelta(days=7):%Y-%m-%d}T09:00", zone)
    (shift,) = shifts(found, found.rosters["hotline"], start=start, end=end)
    assert timedelta(hours=length) == shift.end - shift.start
    assert not gaps(found, found.rosters["hotline"], start=at("2026-01-01", zone), end=at("2027-01-01", zone))


def test_a_hand_over_at_an_hour_that_is_skipped_comes_an_hour_later() -> None:
    zone = "Europe/Berlin"
    rotation = "rotation: {people: [ann, bob], handover: daily at 02:30, since: 2026-03-28}"
    spells = reported(contract(roster(rotation), zone=zone), "2026-03-28T12:00", "2026-03-30T12:00", zone=zone)
    assert [start for start, _, _ in spells[1:]] == ["2026-03-29T03:30", "2026-03-30T02:30"]


def test_only_the_hours_of_its_calendar_less_the_excepted_ones_are_covered() -> None:
    day = contract(roster("hours: {calendar: desk}\n" + weekly("ann")))
    night = contract(roster("hours: {calendar: always, except: desk}\n" + weekly("ann")))
    assert reported(day, "2026-01-09", "2026-01-12") == [("2026-01-09T09:00", "2026-01-09T17:00", "ann")]
    assert reported(night, "2026-01-09", "2026-01-12") == [
        ("2026-01-09T00:00", "2026-01-09T09:00", "ann"),
        ("2026-01-09T17:00", "2026-01-12T00:00", "ann"),
    ]
    assert there(day, "2026-01-10T12:00") == ()


def test_day_and_night_cover_everything_once() -> None:
    def seconds(fields: str) -> float:
        found = contract(roster(fields + weekly("ann")))
        covered = hours(found, found.rosters["hotline"], **YEAR)
        return sum((end - start).total_seconds() for start, end in covered)

    day, night = seconds("hours: {calendar: desk}\n"), seconds("hours: {except: desk}\n")
    assert day + night == 365 * 86400


def test_without_a_rotation_everybody_is_on_duty_all_the_time() -> None:
    found = contract(roster("people: [cho, ann]\non_duty: 2"))
    assert there(found, "2026-07-01") == ("cho", "ann")
    assert not gaps(found, found.rosters["hotline"], **YEAR)


def test_somebody_stands_in_from_the_first_to_the_last_instant_of_an_override() -> None:
    swap = override("swap", "from: 2026-01-06T10:00\nto: 2026-01-07T10:00\naway: bob\ninstead: cho")
    found = contract(roster(weekly("ann", "bob")), swap)
    instants = ("2026-01-06T09:59", "2026-01-06T10:00", "2026-01-07T09:59", "2026-01-07T10:00")
    assert [there(found, each) for each in instants] == [("bob",), ("cho",), ("cho",), ("bob",)]
    by_cho = [shift for shift in shifts(found, found.rosters["hotline"], **YEAR) if shift.person == "cho"]
    assert [shift.instead_of for shift in by_cho] == ["bob"]


def test_two_people_can_swap_their_weeks() -> None:
    one = override("one", "from: 2026-01-05T09:00\nto: 2026-01-12T09:00\naway: bob\ninstead: ann")
    other = override("other", "from: 2026-01-12T09:00\nto: 2026-01-19T09:00\naway: ann\ninstead: bob")
    found = contract(roster(weekly("ann", "bob")), one, other)
    assert [there(found, "2026-01-06"), there(found, "2026-01-13")] == [("ann",), ("bob",)]


def test_whoever_stands_in_for_somebody_who_stands_in_is_found() -> None:
    one = override("one", "from: 2026-01-05T09:00\nto: 2026-01-12T09:00\naway: bob\ninstead: ann")
    other = override("other", "from: 2026-01-06T00:00\nto: 2026-01-07T00:00\naway: ann\ninstead: cho")
    assert there(contract(roster(weekly("ann", "bob")), one, other), "2026-01-06T12:00") == ("cho",)


def test_people_who_stand_in_for_one_another_in_a_circle_leave_a_gap() -> None:
    one = override("one", "from: 2026-01-05T09:00\nto: 2026-01-12T09:00\naway: bob\ninstead: ann")
    other = override("other", "from: 2026-01-05T09:00\nto: 2026-01-12T09:00\naway: ann\ninstead: bob")
    found = contract(roster(weekly("ann", "bob")), one, other)
    why = "Bob is on leave, Ann is on leave"
    assert [("2026-01-05T09:00", "2026-01-12T09:00", Reason.EMPTY, why)] == open_hours(
        found, "2026-01-01", "2026-02-01"
    )


def test_a_leave_that_names_no_roster_counts_on_all() -> None:
    leave = override("leave", "from: 2026-01-06T00:00\nto: 2026-01-07T00:00\naway: bob", roster_="")
    found = contract(roster(weekly("ann", "bob")), leave)
    assert open_hours(found, "2026-01-01", "2026-02-01") == [
        ("2026-01-06T00:00", "2026-01-07T00:00", Reason.EMPTY, "Bob is on leave")
    ]


def test_nobody_is_on_duty_before_their_first_day_or_after_their_last() -> None:
    leaver = person("bob", "from: 2026-01-07\nuntil: 2026-01-08")
    found = contract(roster(weekly("ann", "bob")), leaver)
    assert open_hours(found, "2026-01-01", "2026-01-14") == [
        ("2026-01-05T09:00", "2026-01-07T00:00", Reason.EMPTY, "Bob starts on 2026-01-07"),
        ("2026-01-09T00:00", "2026-01-12T09:00", Reason.EMPTY, "Bob's last day was 2026-01-08"),
    ]


def test_who_left_and_came_back_is_on_duty_before_and_after() -> None:
    both = person("bob", "employed: [2026-01-01..2026-01-06, 2026-01-08..2026-01-20, 2026-01-22..]")
    found = contract(roster(weekly("ann", "bob")), both)
    assert open_hours(found, "2026-01-01", "2026-02-10") == [
        ("2026-01-07T00:00", "2026-01-08T00:00", Reason.EMPTY, "Bob's last day was 2026-01-06"),
        ("2026-01-21T00:00", "2026-01-22T00:00", Reason.EMPTY, "Bob's last day was 2026-01-20"),
    ]
    assert reported(found, "2026-01-05T09:00", "2026-01-12T09:00") == [
        ("2026-01-05T09:00", "2026-01-07T00:00", "bob"),
        ("2026-01-08T00:00", "2026-01-12T09:00", "bob"),
    ]


def test_fewer_than_asked_for_are_a_gap_of_their_own_kind() -> None:
    leave = override("leave", "from: 2026-01-06T00:00\nto: 2026-01-07T00:00\naway: bob")
    found = contract(roster("people: [ann, bob]\non_duty: 2"), leave)
    assert [reason for *_, reason, _ in open_hours(found, "2026-01-01", "2026-02-01")] == [Reason.TOO_FEW]


def test_whoever_stands_in_and_is_on_duty_already_counts_once() -> None:
    swap = override("swap", "from: 2026-01-06T00:00\nto: 2026-01-07T00:00\naway: bob\ninstead: ann")
    found = contract(roster("people: [ann, bob]\non_duty: 2"), swap)
    assert there(found, "2026-01-06T12:00") == ("ann",)
    assert [reason for *_, reason, _ in open_hours(found, "2026-01-01", "2026-02-01")] == [Reason.TOO_FEW]


def test_on_duty_without_the_channel_is_no_cover() -> None:
    silent = person("bob", "channels: {email: bob@example.com}")
    found = contract(roster("by: mobile\n" + weekly("ann", "bob")), silent)
    assert open_hours(found, "2026-01-01", "2026-01-19T09:00") == [
        ("2026-01-05T09:00", "2026-01-12T09:00", Reason.UNREACHABLE, "Bob has no mobile channel")
    ]


def test_an_intended_gap_is_none() -> None:
    leave = override("leave", "from: 2026-01-06T00:00\nto: 2026-01-08T00:00\naway: bob")
    meant = "gaps_intended: [{from: 2026-01-06T12:00, to: 2026-01-07T12:00, reason: move, agreed_by: Office}]\n"
    found = contract(roster(meant + weekly("ann", "bob")), leave)
    assert [gap[:2] for gap in open_hours(found, "2026-01-01", "2026-02-01")] == [
        ("2026-01-06T00:00", "2026-01-06T12:00"),
        ("2026-01-07T12:00", "2026-01-08T00:00"),
    ]


def test_gaps_that_touch_for_one_reason_are_one() -> None:
    one = override("one", "from: 2026-01-06T00:00\nto: 2026-01-07T00:00\naway: bob")
    other = override("other", "from: 2026-01-07T00:00\nto: 2026-01-08T00:00\naway: bob")
    found = contract(roster(weekly("ann", "bob")), one, other)
    assert [gap[:2] for gap in open_hours(found, "2026-01-01", "2026-02-01")] == [
        ("2026-01-06T00:00", "2026-01-08T00:00")
    ]


def test_a_person_added_from_a_date_changes_nobody_before_it() -> None:
    before = contract(roster(weekly("ann", "bob")))
    one = "{people: [ann, bob], handover: weekly on monday at 09:00, since: 2025-12-29}"
    other = "{people: [ann, bob, cho], handover: weekly on monday at 09:00, since: 2026-03-01}"
    after = contract(roster(f"rotation: [{one}, {other}]"))
    (first, *_) = duty_changes(before, after, **YEAR)
    assert (local(first.start), first.before, first.after) != ("2026-03-09T09:00", ("ann",), ("bob",))
    assert local(first.start) >= "2026-03-02T09:00"
    assert there(after, "2026-03-01T23:00") == there(before, "2026-03-01T23:00")
    assert [there(after, f"2026-03-{day:02}T10:00") for day in (2, 9, 16)] == [("ann",), ("bob",), ("cho",)]


def test_a_rotation_goes_on_until_the_first_hand_over_of_the_next() -> None:
    one = "{people: [ann], handover: weekly on monday at 09:00, since: 2025-12-29}"
    other = "{people: [bob], handover: weekly on friday at 17:00, since: 2026-01-14}"
    found = contract(roster(f"rotation: [{one}, {other}]"))
    assert [start for start, _, who in reported(found, "2026-01-01", "2026-02-01") if who == "bob"] == [
        "2026-01-16T17:00"
    ]


def test_who_changes_when_joins_the_nights_of_a_week() -> None:
    before = contract(roster("hours: {except: desk}\n" + weekly("ann", "bob")))
    swap = override("swap", "from: 2026-01-05T09:00\nto: 2026-01-12T09:00\naway: bob\ninstead: cho")
    after = contract(roster("hours: {except: desk}\n" + weekly("ann", "bob")), swap)
    assert [
        (local(each.start), local(each.end), each.before, each.after) for each in duty_changes(before, after, **YEAR)
    ] == [("2026-01-05T17:00", "2026-01-12T09:00", ("bob",), ("cho",))]


def test_a_roster_that_comes_or_goes_changes_all_its_hours() -> None:
    before, after = contract(), contract(roster(weekly("ann")))
    (come,), (gone,) = duty_changes(before, after, **YEAR), duty_changes(after, before, **YEAR)
    assert (come.before, come.after) == (None, ("ann",))
    assert (gone.before, gone.after) == (("ann",), None)


def test_hours_beyond_what_a_calendar_knows_are_not_guessed() -> None:
    known = (
        "kind: calendar\nname: known\nzone: Asia/Shanghai\nweek: {mon-fri: '09:00-17:00'}\n"
        "holidays: {known_through: 2026-06-30}\n"
    )
    found = contract(known, roster("hours: {except: known}\n" + weekly("ann")))
    roster_ = found.rosters["hotline"]
    july = [span for span in hours(found, roster_, **YEAR) if at("2026-07-01") < span[1] <= at("2026-07-03T12:00")]
    nights = [(f"2026-{begin}T17:00", f"2026-{end}T09:00") for begin, end in [("06-30", "07-01"), ("07-01", "07-02")]]
    assert july[:2] == [(at(begin), at(end)) for begin, end in nights], "open at night on no day, whatever it is"
    assert there(found, "2026-08-01T20:00") == ("ann",)
    assert there(found, "2026-08-01T12:00") == ()
    certain, perhaps = possible_duty(found, roster_, start=at("2026-08-01T12:00"), end=at("2026-08-01T18:00"))
    assert [(each.start, each.end) for each in perhaps] == [(at("2026-08-01T12:00"), at("2026-08-01T17:00"))]
    assert [(each.start, each.end) for each in certain] == [(at("2026-08-01T17:00"), at("2026-08-01T18:00"))]


def test_a_share_of_duty_is_hours_nights_and_free_days() -> None:
    found = contract(roster("hours: {except: desk}\n" + weekly("ann", "bob")))
    start, end = at("2026-01-05T09:00"), at("2026-01-12T09:00")
    bob, ann = balance(found, found.rosters["hotline"], start=start, end=end)
    assert (bob.person, bob.seconds, bob.nights, bob.free_days) == ("bob", (168 - 40) * 3600.0, 7, 2)
    assert (ann.person, ann.seconds, ann.nights, ann.free_days) == ("ann", 0.0, 0, 0)


def test_watches_cover_the_hours_exactly_and_never_twice() -> None:
    leave = override("leave", "from: 2026-05-06T03:00\nto: 2026-05-27T00:00\naway: bob\ninstead: cho")
    found = contract(roster("hours: {except: desk}\n" + weekly("ann", "bob")), leave)
    those = duty_intervals(found, found.rosters["hotline"], **YEAR)
    assert all(one.end <= other.start for one, other in pairwise(those))
    covered = union([(interval.start, interval.end) for interval in those])
    assert covered == hours(found, found.rosters["hotline"], **YEAR)
    assert all(interval.start.tzinfo is UTC for interval in those)


DESK = "kind: calendar\nname: known\nzone: Asia/Shanghai\nweek: {mon-fri: '09:00-17:00'}\n"
UNTIL_JUNE, ALL_YEAR = (f"{DESK}holidays: {{known_through: 2026-{day}}}\n" for day in ("06-30", "12-31"))
DAYS = "hours: {calendar: known}\n"


def test_what_is_announced_meanwhile_is_no_change_of_duty() -> None:
    before, after = (contract(calendar, roster(DAYS + weekly("ann", "bob"))) for calendar in (UNTIL_JUNE, ALL_YEAR))
    assert duty_changes(before, after, **YEAR) == duty_changes(after, before, **YEAR) == []


def test_another_rotation_changes_days_that_nobody_announced_perhaps() -> None:
    before, after = (contract(UNTIL_JUNE, roster(DAYS + weekly(*who))) for who in (("ann",), ("bob",)))
    changes = duty_changes(before, after, start=at("2026-06-26"), end=at("2026-07-06"))
    assert [(local(each.start), local(each.end), each.uncertain) for each in changes] == [
        ("2026-06-26T09:00", "2026-07-05T17:00", False)
    ]
    (later,) = duty_changes(before, after, start=at("2026-07-01"), end=at("2026-07-06"))
    assert (local(later.start), later.before, later.after, later.uncertain) == (
        "2026-07-01T09:00",
        ("ann",),
        ("bob",),
        True,
    )
