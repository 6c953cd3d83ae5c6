"""The reference contract with one thing missing: one cause, and everything that was found is still found."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from opspact.analyse.consequences import group_findings
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding, Severity
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TREE = read_tree(Path(__file__).parents[3])
DAY = date(2026, 2, 1)
PEOPLE = "policies/people.yaml"
Change = Callable[[str], str]


def found(path: str, change: Change, *, day: date = DAY) -> tuple[Finding, ...]:
    text = TREE[path].decode()
    changed = change(text)
    assert changed != text
    return analyse(RuleContext(resolve({**TREE, path: changed.encode()}), day))


def leaves(name: str, day: str) -> Change:
    return lambda text: text.replace(f"name: {name}\n", f"name: {name}\nuntil: {day}\n")


def without_line(start: str) -> Change:
    return lambda text: "".join(line for line in text.splitlines(keepends=True) if not line.startswith(start))


def reported(findings: tuple[Finding, ...]) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [
        (
            group.root.code,
            group.root.policy,
            [(each.code, each.policy, each.subject) for each in group.consequences],
        )
        for group in group_findings(findings)
    ]


def test_one_missing_shift_is_one_cause() -> None:
    findings = found("policies/overrides/2026-05-chen-jie.yaml", without_line("instead:"))
    assert reported(findings) == [("OP300", "roster/on-site", [("OP307", "staffing/on-site-and-resident", "")])]


LEVELS = ("I", "II", "III", "IV")
WITHOUT_THE_NIGHT = [
    ("OP353", "channels/service-desk", "mobile hotline"),
    *(("OP360", "sla/standard", f"level {level} resolve") for level in LEVELS),
]


def test_somebody_who_leaves_a_roster_is_one_cause() -> None:
    findings = found(PEOPLE, leaves("ma-chao", "2026-06-30"))
    assert reported(findings) == [("OP300", "roster/hotline-night", WITHOUT_THE_NIGHT)]
    counted = {(finding.code == "OP300", finding.repeats.count) for finding in findings if finding.repeats}
    assert counted == {(True, 229), (False, 46)}, "nights to the end; deadlines while days are known"


def test_two_nights_that_nobody_takes_over_are_two_causes_of_the_same() -> None:
    findings = found("policies/overrides/2026-spring-festival.yaml", without_line("instead:"))
    assert reported(findings) == [("OP300", "roster/hotline-night", WITHOUT_THE_NIGHT)] * 2
    gaps = [finding.id for finding in findings if finding.code == "OP300"]
    assert {tuple(cause.id for cause in finding.caused_by) for finding in findings} == {(), tuple(gaps)}


@pytest.mark.parametrize(
    ("name", "day", "direct", "indirect"),
    [
        ("zhang-wei", "2026-06-30", {"OP300", "OP324"}, {"OP307", "OP360"}),
        ("zhao-min", "2026-06-30", {"OP305", "OP324", "OP325"}, {"OP366"}),
        ("li-na", "2026-01-20", {"OP300", "OP320"}, {"OP353", "OP360"}),
    ],
)
def test_somebody_whom_several_promises_count_on_is_one_cause(
    name: str, day: str, *, direct: set[str], indirect: set[str]
) -> None:
    findings = found(PEOPLE, leaves(name, day))
    (group,) = group_findings(findings)
    root = group.root
    assert (root.code, root.policy, root.severity) == ("OP309", f"person/{name}", Severity.NOTE)
    assert root.source == f"until: {day}"
    assert group.severity is Severity.ERROR
    assert {each.code for each in group.consequences} == direct | indirect
    assert {each.code for each in findings if root.key in each.caused_by} == direct


ACCEPTED = """
---
kind: accepted
name: one-night
finding: OP300
where: policies/rosters.yaml#hotline-night
reason: closed that night
by: zhao-min
until: 2026-12-30
"""


def test_who_accepts_a_cause_does_not_accept_what_follows_from_it() -> None:
    path = "policies/overrides/2026-spring-festival.yaml"
    findings = found(path, lambda text: without_line("instead:")(text) + ACCEPTED)
    first, second = group_findings(findings)
    assert first.root.severity is second.root.severity is Severity.NOTE
    assert first.root.accepted
    assert first.severity is second.severity is Severity.ERROR
    assert [(each.code, each.policy, each.subject) for each in first.consequences] == WITHOUT_THE_NIGHT
    assert {each.severity for each in first.consequences} == {Severity.ERROR}
