"""Edges of the rules about changes of duty."""

from datetime import date

import pytest
from duty import contract, found, override, person, roster, weekly
from reading import data

from opspact.model.finding import Recurrence


def test_an_override_behind_an_equal_one_changes_nothing() -> None:
    one = override("one", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    other = override("other", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    both = contract(roster("people: [ann]"), one, other)
    (finding,) = found("OP321", both)
    assert (finding.policy, "override/one" in finding.message) == ("override/other", True)
    assert not found("OP323", both)


@pytest.mark.parametrize(
    ("second", "rosters", "policies"),
    [
        ("from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: cho", "", ["override/other"]),
        ("from: 2026-03-10T09:00\nto: 2026-03-11T09:00\naway: ann", "hotline", ["override/other"]),
        ("from: 2026-01-05T09:00\nto: 2026-03-09T09:01\naway: ann\ninstead: cho", "hotline", ["override/other"]),
        ("from: 2026-03-16T09:00\nto: 2026-03-23T09:00\naway: ann\ninstead: cho", "hotline", []),
        ("from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: bob\ninstead: cho", "hotline", []),
    ],
)
def test_two_overrides_replace_the_same_person(second: str, rosters: str, policies: list[str]) -> None:
    one = override("one", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: ann\ninstead: bob")
    both = contract(roster("people: [ann]"), one, override("other", second, roster_=rosters))
    assert [finding.policy for finding in found("OP323", both)] == policies
    assert not [one for one in found("OP321", both) if policies], "one finding says it"


def test_a_leave_on_all_rosters_may_change_nothing() -> None:
    leave = override("leave", "from: 2026-03-09T09:00\nto: 2026-03-16T09:00\naway: cho", roster_="")
    assert not found("OP321", contract(roster("people: [ann]"), leave))


def test_a_person_added_from_a_later_day_alters_neither_today_nor_the_past() -> None:
    before = contract(roster(weekly("ann", "bob")))
    one = "{people: [ann, bob], handover: weekly on monday at 09:00, since: 2025-12-29}"
    later = "{people: [ann, bob, cho], handover: weekly on monday at 09:00, since: %s}"
    ahead = contract(roster(f"rotation: [{one}, {later % '2026-03-03'}]"))
    assert not found("OP322", ahead, before=before)
    behind = contract(roster(f"rotation: [{one}, {later % '2026-02-01'}]"))
    (finding,) = found("OP322", behind, before=before)
    assert (finding.policy, finding.repeats) == ("roster/hotline", Recurrence(21, date(2026, 2, 2)))
    assert data(finding.message) == {"21", "2026-02-02 09:00", "2026-02-09 09:00"}


def test_an_override_for_today_says_so_openly_and_one_for_yesterday_does_not() -> None:
    before = contract(roster("people: [ann]"))
    swap = "from: 2026-03-0%d%s\nto: 2026-03-0%d%s\naway: ann\ninstead: bob"
    today = contract(roster("people: [ann]"), override("swap", swap % (2, "T00:00", 3, "T00:00")))
    yesterday = contract(roster("people: [ann]"), override("swap", swap % (1, "T00:00", 2, "T00:00")))
    assert not found("OP322", today, before=before)
    (finding,) = found("OP322", yesterday, before=before)
    assert data(finding.message) == {"2026-03-01 00:00", "2026-03-02 00:00"}
    assert finding.message.index("Bob") < finding.message.index("Ann"), "who it is now, and who it was"


def test_a_calendar_that_changes_is_no_turn_that_moves() -> None:
    duty = roster("hours: {calendar: opening}\npeople: [ann]")
    opening = "kind: calendar\nname: opening\nzone: Asia/Shanghai\nweek: {mon-fri: '%s-17:00'}\n"
    before, after = contract(opening % "09:00", duty), contract(opening % "08:00", duty)
    findings = {finding.repeats: finding for finding in found("OP322", after, before=before)}
    past, today = findings[Recurrence(42, date(2026, 1, 1))], findings[None]
    assert data(past.message) == {"42", "2026-01-01 08:00", "2026-01-01 09:00"}
    assert data(today.message) == {"2026-03-02 08:00", "2026-03-02 09:00"}
    assert "rotation" not in past.help
    assert past.source == today.source == "hours: {calendar: opening}"


def test_a_new_roster_alters_nothing_that_was_promised() -> None:
    new = contract(roster("people: [ann]"))
    assert not found("OP322", new, day=date(2026, 1, 1), before=contract())


def test_leave_of_somebody_whom_nothing_names_has_no_effect() -> None:
    leave = override("leave", "from: 2026-07-06T09:00\nto: 2026-07-27T09:00\naway: dan", roster_="")
    nowhere = person("dan", "teams: []")
    (finding,) = found("OP321", contract(leave, nowhere))
    assert finding.policy == "override/leave"
    owner = "kind: device\nname: switch\nowner: dan\n"
    assert not found("OP321", contract(leave, nowhere, owner))
    assert not found("OP321", contract(leave, person("dan")))


def test_leave_of_somebody_who_is_not_with_the_contract_then_has_no_effect() -> None:
    leave = override("leave", "from: 2026-07-06T09:00\nto: 2026-07-27T09:00\naway: ann", roster_="")
    between = person("ann", "employed: [2025-01-01..2026-06-30, 2026-07-28..]")
    back = person("ann", "employed: [2025-01-01..2026-06-30, 2026-07-27..]")
    (finding,) = found("OP321", contract(roster("people: [ann, bob]"), between, leave))
    assert finding.policy == "override/leave"
    assert not found("OP321", contract(roster("people: [ann, bob]"), back, leave))
    (gap,) = found("OP300", contract(roster("people: [ann]"), between, leave))
    assert "2026-06-30" in gap.message
    assert "leave" not in gap.message
