"""Edges of the rules about who is responsible: leave and leaving, wherever a policy names somebody."""

from datetime import date
from pathlib import Path

import pytest
from duty import contract, found, override, person
from reading import data

from opspact.analyse import example
from opspact.analyse.registry import RULES
from opspact.analyse.rules.people.responsibilities import ELSEWHERE, RESPONSIBILITIES, field_of
from opspact.model.finding import Recurrence, Severity
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

LEAVE = "from: 2026-07-06T09:00\nto: 2026-07-27T09:00\naway: ann"
ON_LEAVE = override("summer", LEAVE, roster_="")
DEVICE = "kind: device\nname: switch\nowner: %s\n"
LADDER = "kind: ladder\nname: major\nsteps: [{tell: person bob}]\nlast_resort: person ann\n"
ROUTE = "kind: channels\nname: desk\nroutes: [{reach: {en: hotline}, takes: [faults], answered_by: person ann}]\n"
SPAN = {"2026-07-06 09:00", "2026-07-27 09:00"}


def test_an_owner_on_leave_is_a_note_and_one_who_leaves_a_warning() -> None:
    (away,) = found("OP324", contract(DEVICE % "ann", ON_LEAVE))
    assert (away.policy, away.severity, data(away.message)) == ("device/switch", Severity.NOTE, SPAN)
    (left,) = found("OP324", contract(DEVICE % "ann", person("ann", "until: 2026-06-30")))
    assert left.severity is Severity.WARNING
    assert {"2026-07-01 00:00", "2027-01-01 00:00"} <= data(left.message)


def test_an_owner_who_leaves_and_comes_back_is_missing_between() -> None:
    between = person("ann", "employed: [2025-01-01..2026-06-30, 2026-09-01..]")
    (left,) = found("OP324", contract(DEVICE % "ann", between))
    assert left.severity is Severity.WARNING
    assert data(left.message) >= {"2026-07-01 00:00", "2026-09-01 00:00"}
    assert "2027-01-01 00:00" not in data(left.message)
    (cause,) = found("OP309", contract(DEVICE % "ann", LADDER, between))
    assert cause.policy == "person/ann"
    assert cause.source.startswith("employed:")
    assert ("2026-06-30" in cause.message, "2026-09-01" in cause.message) == (True, True)


def test_a_stand_in_is_there_wherever_somebody_on_leave_is_named() -> None:
    covered = override("summer", f"{LEAVE}\ninstead: cho", roster_="")
    for code, policy in (("OP324", DEVICE % "ann"), ("OP366", LADDER), ("OP353", ROUTE)):
        assert found(code, contract(policy, ON_LEAVE)), code
        assert not found(code, contract(policy, covered)), code


def test_a_stand_in_who_has_left_by_then_is_none() -> None:
    covered = override("summer", f"{LEAVE}\ninstead: cho", roster_="")
    (finding,) = found("OP324", contract(DEVICE % "ann", covered, person("cho", "until: 2026-07-12")))
    assert data(finding.message) >= {"2026-07-13 00:00", "2026-07-27 09:00"}


def test_a_swap_on_one_roster_is_no_leave() -> None:
    assert not found(
        "OP324", contract(DEVICE % "ann", "kind: roster\nname: hotline\npeople: [ann]\n", override("swap", LEAVE))
    )


def test_a_team_is_there_while_one_of_it_is() -> None:
    team = DEVICE % "hotline"
    assert not found("OP324", contract(team, ON_LEAVE))
    alone = [person(name, "until: 2026-06-30") for name in ("bob", "cho")]
    (finding,) = found("OP324", contract(team, ON_LEAVE, *alone))
    assert data(finding.message) >= SPAN


VISIT = "kind: visit\nname: call\nby: ann\nschedule: %s\n"


def test_a_visit_counts_only_when_it_is_due() -> None:
    assert not found("OP324", contract(VISIT % "monthly on day 1 at 10:00", ON_LEAVE))
    (once,) = found("OP324", contract(VISIT % "monthly on day 15 at 10:00", ON_LEAVE))
    assert (once.severity, data(once.message)) == (Severity.WARNING, {"2026-07-15 10:00"})
    (often,) = found("OP324", contract(VISIT % "weekly on monday at 10:00", ON_LEAVE))
    assert often.repeats == Recurrence(3, date(2026, 7, 6))


def test_what_is_read_may_be_read_later_that_day() -> None:
    look = (
        "kind: inspection\nname: daily\nhosts: all\nread_by: ann\nschedule: daily at 07:30\n"
        "items: [{units: {failed: 0}}]\n"
    )
    (finding,) = found("OP324", contract(look, ON_LEAVE))
    assert finding.repeats == Recurrence(20, date(2026, 7, 7))


@pytest.mark.parametrize(
    ("people", "codes"),
    [((), 1), ((person("dan", "teams: [hotline]"),), 0)],
)
def test_an_approval_needs_enough_people_on_each_day(people: tuple[str, ...], codes: int) -> None:
    approval = "kind: approval\nname: both\nneeds: {role: hotline, count: 3}\nfor: [weakening]\n"
    hits = found("OP325", contract(approval, ON_LEAVE, *people))
    assert [data(hit.message) >= SPAN for hit in hits] == [True] * codes


def test_an_approval_by_more_people_than_there_are_is_found() -> None:
    approval = "kind: approval\nname: all\nneeds: {role: hotline, count: 4}\nfor: [weakening]\n"
    (finding,) = found("OP325", contract(approval))
    assert data(finding.message) >= {"4", "3"}


def test_leave_that_breaks_several_policies_is_one_cause() -> None:
    (finding,) = found("OP309", contract(DEVICE % "ann", LADDER, VISIT % "monthly on day 15 at 10:00", ON_LEAVE))
    assert finding.policy == "override/summer"


def test_every_field_that_names_people_is_looked_at() -> None:
    contracts = [
        resolve(read_tree(Path(__file__).parents[5])),
        *(example.context(code, "bad").contract for code in RULES),
    ]
    references = [each for said in contracts for each in said.policy_index.references]
    naming = {field_of(each) for each in references if each.to.startswith(("person/", "team/"))}
    assert RESPONSIBILITIES <= naming <= RESPONSIBILITIES | ELSEWHERE
    assert not RESPONSIBILITIES & ELSEWHERE


def test_who_is_on_leave_is_not_resident() -> None:
    staffing = "kind: staffing\nname: site\nteams: [hotline]\nresident: {min: 3}\n"
    (finding,) = found("OP306", contract(staffing, ON_LEAVE))
    assert data(finding.message) >= {"2", "2026-07-06", "2026-07-27"}
    covered = override("summer", f"{LEAVE}\ninstead: dan", roster_="")
    assert not found("OP306", contract(staffing, covered, person("dan", "teams: []")))
    twice = override("summer", f"{LEAVE}\ninstead: bob", roster_="")
    assert found("OP306", contract(staffing, twice))
