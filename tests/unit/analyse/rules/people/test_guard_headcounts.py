"""The larger minimum of a guard period: on which of its days too few people are there, and who is missing."""

from datetime import date

import pytest
from judging import found, said

TEAM = "kind: team\nname: implementation\n"
STAFFING = "kind: staffing\nname: residents\nteams: [implementation]\nresident: {min: 1}\n"
ROSTER = "kind: roster\nname: hotline\npeople: [li-na, wang-fang]\n"
ROTATION = """\
kind: roster
name: hotline
rotation: {people: [li-na, wang-fang], handover: weekly on monday at 09:00, since: 2026-01-05}
"""


def person(name: str, english: str, *, until: str = "") -> str:
    last = f"until: {until}\n" if until else ""
    text = f"text: {{zh: 甲, en: {english}}}\nteams: [implementation]\nfrom: 2026-01-01\n{last}"
    return f"kind: person\nname: {name}\n{text}"


def leave(first: str, last: str, *, instead: str = "") -> str:
    other = f"instead: {instead}\n" if instead else ""
    return f"kind: override\nname: leave\nfrom: {first}T00:00\nto: {last}T00:00\naway: li-na\nreason: leave\n{other}"


def guard(fields: str) -> str:
    return f"kind: window\nname: congress\ntype: guard\ndays: 2026-03-04..2026-03-13\nhosts: web\n{fields}\n"


CREW = (TEAM, STAFFING, person("li-na", "Li Na"), person("wang-fang", "Wang Fang"))
TWO = guard("residents: {min: 2}")


def test_as_many_residents_as_the_guard_period_asks_for_are_enough() -> None:
    assert not found("OP318", *CREW, TWO)


def test_a_day_of_leave_in_the_guard_period_is_named_with_who_is_missing() -> None:
    (message,) = said("OP318", *CREW, TWO, leave("2026-03-12", "2026-03-20"))
    assert "from 2026-03-12 00:00 to 2026-03-14 00:00" in message
    assert "Li Na is on leave" in message


def test_leave_outside_of_the_guard_period_or_with_a_stand_in_is_no_matter() -> None:
    assert not found("OP318", *CREW, TWO, leave("2026-03-14", "2026-03-20"))
    third = "kind: person\nname: zhao-lei\ntext: {zh: 乙, en: Zhao Lei}\nfrom: 2026-01-01\n"
    assert not found("OP318", *CREW, third, TWO, leave("2026-03-05", "2026-03-07", instead="zhao-lei"))


def test_who_leaves_before_or_in_the_guard_period_is_named() -> None:
    crew = (TEAM, STAFFING, person("li-na", "Li Na"), person("wang-fang", "Wang Fang", until="2026-03-10"))
    (message,) = said("OP318", *crew, TWO)
    assert "from 2026-03-11 00:00" in message
    assert "Wang Fang" in message


def test_a_number_that_there_never_are_is_found_without_anybody_missing() -> None:
    (message,) = said("OP318", *CREW, guard("residents: {min: 3}"))
    assert "from 2026-03-04 00:00 to 2026-03-14 00:00" in message


def test_without_a_staffing_policy_nobody_is_known_to_be_resident() -> None:
    (violation,) = found("OP318", TEAM, person("li-na", "Li Na"), guard("residents: {min: 1}"))
    assert violation.policy == "window/congress"


@pytest.mark.parametrize("day", [date(2026, 3, 11), date(2026, 3, 13)])
def test_days_that_are_over_are_not_looked_at(day: date) -> None:
    assert found("OP318", *CREW, TWO, leave("2026-03-05", "2026-03-06"))
    assert not found("OP318", *CREW, TWO, leave("2026-03-05", "2026-03-06"), day=day)


def test_a_roster_has_more_people_on_duty_in_the_guard_period() -> None:
    more = guard("rosters: {hotline: {min: 2}}")
    assert not found("OP319", *CREW, ROSTER, more)
    assert not found("OP319", *CREW, ROSTER, more, leave("2026-03-14", "2026-03-20"))
    (message,) = said("OP319", *CREW, ROSTER, more, leave("2026-03-05", "2026-03-07"))
    assert "from 2026-03-05 00:00 to 2026-03-07 00:00" in message
    assert "Li Na is on leave" in message


def test_a_rotation_of_one_is_too_few_on_all_days_once() -> None:
    (message,) = said("OP319", *CREW, ROTATION, guard("rosters: {hotline: {min: 2}}"))
    assert "from 2026-03-04 00:00 to 2026-03-14 00:00" in message
    assert "1 on duty" in message
