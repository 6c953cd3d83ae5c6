"""Work beside duty on the reference contract: what is told, at which policy, and what cannot be known."""

from datetime import date
from pathlib import Path

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TREE = read_tree(Path(__file__).parents[3])


def found(file: str, old: bytes, new: bytes) -> tuple[Finding, ...]:
    path = f"policies/{file}.yaml"
    assert old in TREE[path]
    changed = resolve({**TREE, path: TREE[path].replace(old, new, 1)})
    return analyse(RuleContext(changed, date(2026, 3, 2)), [RULES["OP315"]])


def test_hours_that_no_calendar_knows_yet_are_not_taken_for_none() -> None:
    assert found("contract", b"..2028-12-31", b"..2027-06-30") == ()


def test_the_policy_that_takes_longest_is_the_one_that_is_shown() -> None:
    (finding, *_) = found("inspections", b"takes: 30m", b"takes: 20h")
    assert finding.policy == "inspection/daily-servers"
