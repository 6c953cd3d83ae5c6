"""Causes and consequences: who follows from whom, in which groups, whatever the order in which things are found."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from opspact.analyse.cause import Cause, Condition, affected, uncovered
from opspact.analyse.consequences import Claim, assign_causes, group_findings
from opspact.errors import Place
from opspact.model.finding import Finding, Severity

START = datetime(2026, 3, 2, tzinfo=UTC)


def hours(first: int, last: int, *whom: str) -> Cause:
    return uncovered(whom or ["roster/night"], [(START + timedelta(hours=first), START + timedelta(hours=last))])


def backups(*hosts: str) -> Cause:
    return affected(Condition.NO_BACKUP, *hosts)


def claim(
    code: str, *, states: tuple[Cause, ...] = (), rests_on: tuple[Cause, ...] = (), severity: Severity = Severity.ERROR
) -> Claim:
    return Claim(Finding(code, severity, Place(f"policies/{code}.yaml", 1, 1), "m", policy="k/n"), states, rests_on)


def causes(*claims: Claim) -> dict[str, list[str]]:
    return {finding.code: [cause.code for cause in finding.caused_by] for finding in assign_causes(claims)}


def test_what_one_finding_states_wholly_is_its_consequence() -> None:
    gap, call = claim("OP1", states=(hours(0, 10),)), claim("OP2", rests_on=(hours(2, 5),))
    assert causes(gap, call) == {"OP1": [], "OP2": ["OP1"]}


def test_what_is_accounted_for_in_part_stays_a_cause_of_its_own() -> None:
    gap, call = claim("OP1", states=(hours(0, 10),)), claim("OP2", rests_on=(hours(2, 11),))
    assert causes(gap, call) == {"OP1": [], "OP2": []}
    hosts, database = claim("OP1", states=(backups("a"),)), claim("OP2", rests_on=(backups("a", "b"),))
    assert causes(hosts, database) == {"OP1": [], "OP2": []}


def test_two_may_account_for_it_together() -> None:
    early, late = claim("OP1", states=(hours(0, 5),)), claim("OP2", states=(hours(5, 10),))
    aside = claim("OP3", states=(hours(20, 30),))
    call = claim("OP4", rests_on=(hours(2, 7),))
    assert causes(early, late, aside, call)["OP4"] == ["OP1", "OP2"]


def test_of_several_who_would_be_enough_one_that_was_promised_and_is_missing_is_the_cause() -> None:
    night = claim("OP1", states=(hours(0, 10),))
    deadline = claim("OP2", rests_on=(hours(2, 5, "roster/day", "roster/night"),))
    assert causes(night, deadline)["OP2"] == ["OP1"]
    assert causes(claim("OP1", states=(hours(0, 10, "roster/other"),)), deadline)["OP2"] == []


def test_keys_of_one_sort_are_all_accounted_for_or_it_stays_a_cause() -> None:
    gap = claim("OP1", states=(hours(0, 10),))
    both = claim("OP2", rests_on=(hours(2, 5), hours(2, 5, "roster/day")))
    assert causes(gap, both)["OP2"] == []
    assert causes(gap, claim("OP3", states=(hours(0, 9, "roster/day"),)), both)["OP2"] == ["OP1", "OP3"]


def test_the_nearest_key_that_is_stated_tells_the_cause() -> None:
    person = claim("OP1", states=(affected(Condition.ABSENT, "person/ann until"),))
    call = claim("OP2", rests_on=(hours(2, 5), affected(Condition.ABSENT, "person/ann until")))
    assert causes(person, call)["OP2"] == ["OP1"]
    gap = claim("OP3", states=(hours(0, 9),), rests_on=(affected(Condition.ABSENT, "person/ann until"),))
    assert causes(person, call, gap) == {"OP1": [], "OP2": ["OP3"], "OP3": ["OP1"]}


def test_of_those_that_state_the_same_the_first_is_the_cause() -> None:
    same = [claim(f"OP{number}", states=(backups("a"),), rests_on=(backups("a"),)) for number in range(1, 5)]
    assert causes(*same) == {"OP1": [], "OP2": ["OP1"], "OP3": ["OP1"], "OP4": ["OP1"]}
    wider = claim("OP5", states=(backups("a", "b"),), rests_on=(backups("a", "b"),))
    assert causes(*same, wider)["OP5"] == []


def test_two_that_explain_each_other_are_no_circle() -> None:
    one = claim("OP1", states=(hours(0, 5),), rests_on=(backups("a"),))
    other = claim("OP2", states=(backups("a"),), rests_on=(hours(0, 5),))
    assert causes(one, other) == {"OP1": [], "OP2": ["OP1"]}


def test_nothing_to_rest_on_is_no_consequence_of_nothing() -> None:
    assert causes(claim("OP1", rests_on=(backups(),))) == {"OP1": []}


def at_random(random: Random) -> list[Claim]:
    def keys() -> tuple[Cause, ...]:
        begin = random.randrange(20)
        of = [
            hours(begin, begin + random.randrange(1, 9), f"roster/{random.randrange(2)}"),
            backups(random.choice("abc")),
        ]
        return tuple(random.sample(of, random.randrange(3)))

    severities = list(Severity)
    return [
        claim(f"OP{number:03}", states=keys(), rests_on=keys(), severity=random.choice(severities))
        for number in range(random.randrange(1, 30))
    ]


@pytest.mark.parametrize("seed", range(60))
def test_causes_are_a_forest_the_same_in_any_order(seed: int) -> None:
    random = Random(seed)
    claims = at_random(random)
    found = assign_causes(claims)
    assert assign_causes(random.sample(claims, len(claims))) == found

    by_id = {finding.id: finding for finding in found}
    assert len(by_id) == len(claims)
    for finding in found:
        ahead = [finding.id]
        for each in ahead:
            causes_of = [cause.id for cause in by_id[each].caused_by]
            assert finding.id not in causes_of, "a circle"
            ahead += [cause for cause in causes_of if cause not in ahead]
    groups = group_findings(found)
    assert {each.id for group in groups for each in (group.root, *group.consequences)} == set(by_id)
    assert [group.weight for group in groups] == sorted(group.weight for group in groups)


def test_a_group_is_as_severe_as_the_worst_in_it_and_comes_in_that_order() -> None:
    note = claim("OP1", states=(hours(0, 9),), severity=Severity.NOTE)
    error = claim("OP2", rests_on=(hours(2, 5),))
    warning = claim("OP3", severity=Severity.WARNING)
    first, second = group_findings(assign_causes([warning, note, error]))
    assert (first.root.code, first.severity, [each.code for each in first.consequences]) == (
        "OP1",
        Severity.ERROR,
        ["OP2"],
    )
    assert (second.root.code, second.severity, second.consequences) == ("OP3", Severity.WARNING, ())


def test_a_consequence_of_two_is_shown_at_both() -> None:
    early, late = claim("OP1", states=(hours(0, 5),)), claim("OP2", states=(hours(5, 10),))
    call = claim("OP3", states=(backups("a"),), rests_on=(hours(2, 7),))
    below = claim("OP4", rests_on=(backups("a"),))
    groups = group_findings(assign_causes([early, late, call, below]))
    assert [(group.root.code, [each.code for each in group.consequences]) for group in groups] == [
        ("OP1", ["OP3", "OP4"]),
        ("OP2", ["OP3", "OP4"]),
    ]


def test_findings_of_one_code_are_numbered_as_they_are_written() -> None:
    place = Place("policies/a.yaml", 9, 1)
    later = Claim(Finding("OP1", Severity.ERROR, place, "m"))
    assert [(finding.id, finding.place.line) for finding in assign_causes([later, claim("OP1"), claim("OP2")])] == [
        ("OP1#1", 1),
        ("OP1#2", 9),
        ("OP2#1", 1),
    ]
