"""Edges of the rule about ladders whose steps reach the same people."""

from datetime import date

from duty import contract, found, override, person, roster, weekly
from reading import data

from opspact.model.finding import Recurrence

LADDER = "kind: ladder\nname: major\nsteps:\n  - {tell: roster hotline, by: mobile}\n  - {tell: %s, by: mobile}\n"


def test_a_step_that_tells_a_team_reaches_somebody_else_when_others_are_in_it() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    assert not found("OP304", contract(turn, LADDER % "team hotline"))
    alone = contract("kind: team\nname: alone\n", turn, LADDER % "team alone", person("ann", "teams: [alone]"))
    (finding,) = found("OP304", alone)
    assert (finding.policy, finding.subject) == ("ladder/major", "step 2")
    assert "Ann" in finding.message
    assert "2026-03-02 00:00" in data(finding.message)


def test_two_rosters_of_a_ladder_may_share_people_but_not_at_one_instant() -> None:
    second = roster("by: mobile\n" + weekly("bob", "ann"), name="second")
    assert not found("OP304", contract(roster(weekly("ann", "bob")), second, LADDER % "roster second"))
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    both = contract(roster(weekly("ann", "bob")), second, LADDER % "roster second", swap)
    (finding,) = found("OP304", both)
    assert "Bob" in finding.message
    assert data(finding.message) == {"1", "2", "2026-03-09 09:00", "2026-03-16 09:00"}


def test_a_last_resort_that_was_told_already_is_none() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    alone = contract("kind: team\nname: lead\n", turn, LADDER % "team lead" + "last_resort: person bob\n")
    assert not found("OP304", alone)
    lead = person("bob", "teams: [lead]")
    again = contract("kind: team\nname: lead\n", turn, lead, LADDER % "team lead" + "last_resort: person bob\n")
    (finding,) = found("OP304", again)
    assert (finding.source.strip(), "Bob" in finding.message) == ("last_resort: person bob", True)
    same = contract("kind: team\nname: lead\n", turn, lead, LADDER % "team lead" + "last_resort: team lead\n")
    assert found("OP304", same)


def test_telling_the_same_roster_again_is_meant_by_another_channel() -> None:
    turn = roster("by: mobile\npeople: [ann]")
    steps = "kind: ladder\nname: major\nsteps: [{tell: roster hotline, by: %s}, {tell: roster hotline, by: %s}]\n"
    assert not found("OP304", contract(turn, steps % ("mobile", "email")))
    assert not found("OP304", contract(turn, steps % ("mobile", "[mobile, email]")))
    (finding,) = found("OP304", contract(turn, steps % ("[mobile, email]", "mobile")))
    assert (finding.subject, "Ann" in finding.message) == ("step 2", True)


def test_who_is_in_a_team_changes_with_who_leaves() -> None:
    turn, lead = roster("by: mobile\npeople: [ann]"), "kind: team\nname: lead\n"
    ann, bob = person("ann", "teams: [lead]"), "teams: [lead]\n"
    assert not found("OP304", contract(lead, turn, ann, person("bob", bob), LADDER % "team lead"))
    leaves = person("bob", bob + "until: 2026-06-30")
    (finding,) = found("OP304", contract(lead, turn, ann, leaves, LADDER % "team lead"))
    assert "Ann" in finding.message
    assert "2026-07-01 00:00" in data(finding.message)


def test_a_team_of_which_nobody_is_left_twice_is_counted_in_days() -> None:
    turn, lead = roster("by: mobile\npeople: [cho]"), "kind: team\nname: lead\n"
    ann = person("ann", "teams: [lead]\nuntil: 2026-06-30")
    bob = person("bob", "teams: [lead]\nfrom: 2026-08-01\nuntil: 2026-11-30")
    (finding,) = found("OP366", contract(lead, turn, ann, bob, LADDER % "team lead"))
    assert finding.repeats == Recurrence(62, date(2026, 7, 1))
