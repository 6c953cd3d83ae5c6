"""Edges of the rules about rosters: gaps, reach, two places at once."""

from datetime import date

from duty import contract, found, override, person, roster, weekly
from reading import data

from opspact.analyse import example
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Recurrence, Severity


def test_an_open_night_names_the_roster_the_interval_and_who_is_away() -> None:
    leave = override("leave", "from: 2026-12-30T22:00\nto: 2026-12-31T06:00\naway: ann")
    (finding,) = found("OP300", contract(roster("by: mobile\npeople: [ann]"), leave))
    assert (finding.policy, finding.repeats) == ("roster/hotline", None)
    assert data(finding.message) == {"2026-12-30 22:00", "2026-12-31 06:00"}
    assert "Ann" in finding.message


def test_another_reason_than_leave_is_named() -> None:
    away = override("away", "from: 2026-12-30T22:00\nto: 2026-12-31T06:00\naway: ann").replace("leave", "a course")
    (finding,) = found("OP300", contract(roster("people: [ann]"), away))
    assert "a course" in finding.message


def test_before_the_first_handover_it_is_not_an_override_that_helps() -> None:
    (later,) = found("OP300", contract(roster(weekly("ann", "bob", since="2026-10-05"))))
    assert "since" in later.help
    assert "2026-10-05 09:00" in data(later.message)


def test_nights_without_cover_in_a_row_are_one_finding() -> None:
    leave = override("leave", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann")
    (finding,) = found("OP300", contract(roster("hours: {except: desk}\npeople: [ann]"), leave))
    assert finding.repeats == Recurrence(7, date(2026, 3, 9)), "Friday's night lasts for three days"
    assert data(finding.message) == {"7", "2026-03-09 17:00", "2026-03-10 09:00"}


def test_a_turn_that_is_empty_again_and_again_is_one_finding() -> None:
    left = contract(roster(weekly("ann", "bob")), person("bob", "until: 2026-05-31"))
    (finding,) = found("OP300", left)
    assert finding.repeats == Recurrence(106, date(2026, 6, 1))
    assert data(finding.message) == {"106", "2026-06-01 00:00", "2026-06-01 09:00", "2026-05-31"}


def test_what_lies_behind_is_not_looked_at() -> None:
    leave = override("leave", "from: 2026-01-12T09:00\nto: 2026-01-19T09:00\naway: ann")
    said = contract(roster("people: [ann]"), leave)
    assert found("OP300", said, day=date(2026, 1, 1))
    assert not found("OP300", said, day=date(2026, 2, 1))


def test_an_unreachable_person_is_found_though_others_are_reachable() -> None:
    said = contract(
        roster("by: [mobile, email]\npeople: [ann, bob]"), person("ann", "channels: {mobile: '1', email: a}")
    )
    (finding,) = found("OP301", said)
    assert (finding.subject, finding.policy) == ("bob", "roster/hotline")
    assert "2026-03-02 00:00" in data(finding.message)
    assert "email" in finding.help


def test_a_stand_in_must_be_reachable_too() -> None:
    swap = override("swap", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: cho")
    said = contract(roster("by: mobile\npeople: [ann]"), swap, person("cho", "channels: {}"))
    (finding,) = found("OP301", said)
    assert finding.subject == "cho"
    assert data(finding.message) == {"2026-03-09 09:00", "2026-03-16 09:00"}
    assert "mobile" in finding.help


def test_rosters_whose_hours_meet_but_do_not_overlap_are_no_double_booking() -> None:
    day, night = "hours: {calendar: desk}\npeople: [ann]", "hours: {except: desk}\npeople: [ann]"
    assert not found("OP303", contract(roster(day), roster(night, name="night")))


def test_three_rosters_at_once_are_three_pairs() -> None:
    said = contract(*(roster("people: [ann]", name=name) for name in ("one", "two", "three")))
    findings = found("OP303", said)
    assert [finding.policy for finding in findings] == ["roster/two", "roster/two", "roster/three"]
    assert {finding.subject for finding in findings} == {"ann"}


def test_no_rule_about_people_says_anything_about_a_contract_without_rosters() -> None:
    assert not [
        finding for finding in analyse(RuleContext(contract(), example.DAY)) if finding.severity is Severity.ERROR
    ]
