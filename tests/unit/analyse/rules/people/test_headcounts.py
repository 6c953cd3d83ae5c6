"""Edges of the rules about how many there are."""

from datetime import date

import pytest
from duty import contract, found, person, roster
from reading import data

from opspact.model.finding import Recurrence

STAFFING = "kind: staffing\nname: crew\n"


@pytest.mark.parametrize(
    ("until", "begins", "expected"),
    [
        ("2026-06-30", "2026-07-01", []),
        ("2026-06-30", "2026-07-02", ["2026-07-01"]),
        ("2026-07-01", "2026-07-01", []),
    ],
    ids=["the successor begins the day after", "a day lies between", "both are there on one day"],
)
def test_a_headcount_holds_on_every_day(until: str, begins: str, expected: list[str]) -> None:
    team = "kind: team\nname: crew\nheadcount: {min: 1, max: 2}\n"
    leaver, joiner = (
        person("ann", f"teams: [crew]\nuntil: {until}"),
        person("bob", f"teams: [crew]\nfrom: {begins}"),
    )
    findings = found("OP305", contract(team, leaver, joiner))
    assert [sorted(data(finding.message) - {until, begins, "1", "2"}) for finding in findings] == [
        [d] for d in expected
    ]


def test_who_is_away_between_two_periods_does_not_count_there() -> None:
    team = "kind: team\nname: crew\nheadcount: {min: 1}\n"
    (finding,) = found(
        "OP305", contract(team, person("ann", "teams: [crew]\nemployed: [2025-01-01..2026-03-31, 2026-05-01..]"))
    )
    assert {"2026-04-01", "2026-04-30"} <= data(finding.message)


def test_a_team_can_be_too_large_for_a_day() -> None:
    team = "kind: team\nname: crew\nheadcount: {min: 1, max: 1}\n"
    people = person("ann", "teams: [crew]\nuntil: 2026-07-01"), person("bob", "teams: [crew]\nfrom: 2026-07-01")
    (finding,) = found("OP305", contract(team, *people))
    assert (finding.policy, data(finding.message)) == ("team/crew", {"2", "1", "2026-07-01"})


def test_an_empty_team_is_too_small_on_every_day() -> None:
    (finding,) = found("OP305", contract("kind: team\nname: crew\nheadcount: {min: 1}\n"))
    assert data(finding.message) == {"2026-03-02", "2026-12-31", "1"}


def test_resident_people_are_counted_once_though_named_twice() -> None:
    staffing = STAFFING + "teams: [hotline]\npeople: [ann]\nresident: {min: 4}\n"
    (finding,) = found("OP306", contract(staffing))
    assert data(finding.message) == {"3", "2026-03-02", "2026-12-31", "4"}


def test_people_on_two_rosters_on_site_are_counted_together_and_once() -> None:
    staffing = STAFFING + "rosters: [one, two]\non_site: {min: 3, max: 3}\n"
    one, other = roster("people: [ann, bob]", name="one"), roster("people: [bob, cho]", name="two")
    assert not found("OP307", contract(staffing, one, other))


def test_too_many_on_site_are_found_too() -> None:
    staffing = STAFFING + "rosters: [hotline]\non_site: {min: 1, max: 2}\n"
    (finding,) = found("OP307", contract(staffing, roster("people: [ann, bob, cho]")))
    assert data(finding.message) == {"3", "2026-03-02 00:00", "2027-01-01 00:00", "1", "2"}


def test_who_is_on_standby_is_not_on_site() -> None:
    there = "rosters: [a, b]\non_site: {min: 2}\n"
    one = roster("hours: {calendar: desk}\npeople: [ann]", name="a")
    other = roster("hours: {calendar: desk}\npeople: [bob]", name="b")
    assert not found("OP307", contract(STAFFING + there, one, other))
    (finding,) = found("OP307", contract(STAFFING + there, one, other + "presence: standby\n"))
    assert finding.repeats == Recurrence(219, date(2026, 3, 2))
    assert data(finding.message) == {"1", "219", "2026-03-02 09:00", "2026-03-02 17:00", "2"}
