"""A guard period that promises less than before: fewer days, rarer inspections, fewer people, another type."""

import pytest
from building import tree
from judging import DAY

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.resolve.contract import resolve

OTHERS = """\
kind: inspection
name: daily-servers
hosts: web
schedule: daily at 07:30
items: [{memory: {warn: 85%, critical: 95%}}]
---
kind: roster
name: hotline
people: [li-na]
---
kind: person
name: li-na
text: {zh: 李娜, en: Li Na}
from: 2026-01-01
"""
GUARD = """\
kind: window
name: congress
type: guard
days: 2026-03-04..2026-03-13
hosts: web
inspections: {daily-servers: hourly at :15}
residents: {min: 4}
rosters: {hotline: {min: 2}}
"""
BLACKOUT = """\
kind: window
name: congress
type: blackout
hosts: web
when: {days: 2026-03-04..2026-03-13}
"""


def reduced(before: str, after: str) -> list[tuple[str, str]]:
    """Return the code and the field of each reduction."""
    was, now = (resolve(tree(OTHERS, text)) for text in (before, after))
    rules = [RULES["OP502"], RULES["OP504"]]
    findings = analyse(RuleContext(now, DAY, before=was), rules)
    return sorted((finding.code, finding.subject) for finding in findings)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("hourly at :15", "'0 9,15,21 * * *'", [("OP502", "inspections.daily-servers")]),
        ("hourly at :15", "'*/30 * * * *'", []),
        ("{daily-servers: hourly at :15}", "{}", [("OP502", "inspections")]),
        ("residents: {min: 4}", "residents: {min: 3}", [("OP502", "residents.min")]),
        ("residents: {min: 4}", "residents: {min: 5}", []),
        ("residents: {min: 4}\n", "", [("OP502", "residents")]),
        ("hotline: {min: 2}", "hotline: {min: 1}", [("OP502", "rosters.hotline.min")]),
        ("{hotline: {min: 2}}", "{}", [("OP502", "rosters")]),
        ("2026-03-13", "2026-03-12", [("OP504", "")]),
        ("2026-03-13", "2026-03-14", []),
        ("residents", "allows: [apply]\nresidents", [("OP502", "allows")]),
    ],
)
def test_what_a_guard_period_promises_less_is_a_reduction(was: str, now: str, expected: list[tuple[str, str]]) -> None:
    assert GUARD.count(was) == 1
    assert reduced(GUARD, GUARD.replace(was, now)) == expected


def test_a_blackout_instead_of_a_guard_period_is_less_and_the_other_way_is_more() -> None:
    lost = [("OP502", name) for name in ("inspections", "residents", "rosters")]
    assert reduced(GUARD, BLACKOUT) == lost
    assert ("OP504", "") not in reduced(BLACKOUT, GUARD)
