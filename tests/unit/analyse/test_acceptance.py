"""What can be accepted, and what cannot."""

from datetime import date
from pathlib import Path

from opspact.analyse.registry import RULES
from opspact.analyse.rule import Given
from opspact.analyse.run import analyse
from opspact.model.finding import Severity
from opspact.model.resolve import resolve
from opspact.schema.tree import read_tree

TREE = read_tree(Path(__file__).parents[3])
ACCEPTED = """
---
kind: accepted
name: shorter
finding: OP502
where: policies/backups.yaml#daily-incremental
reason: agreed with the customer
by: zhao-min
until: 2026-12-30
"""


def test_a_promise_that_shrinks_is_approved_and_not_accepted() -> None:
    text = TREE["policies/backups.yaml"].decode()
    weaker = text.replace("rpo: 26h", "rpo: 28h", 1)
    assert weaker != text
    after = resolve({**TREE, "policies/backups.yaml": (weaker + ACCEPTED).encode()})
    found = analyse(Given(after, date(2026, 3, 2), before=resolve(TREE)), RULES.values())

    told = {(finding.code, finding.severity) for finding in found}
    assert told == {("OP502", Severity.WARNING), ("OP602", Severity.ERROR)}
    assert any("needs the approval that a policy names" in finding.message for finding in found)
