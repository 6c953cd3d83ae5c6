"""A pull request that promises less says so, with the line, the clause, and whose yes it needs."""

import json

import pytest
from calling import Call, Contract

INSPECTION = """\
kind: inspection
name: look
clauses: [C1]
hosts: all
schedule: hourly at :05
items: [{units: {failed: 0}}]
"""
APPROVAL = """\
kind: approval
name: reduction
clauses: [C1]
needs: {role: customer, count: 2, not_requester: true, expires: 7 days}
for: [weakening]
"""


@pytest.fixture
def reduced(contract: Contract) -> Contract:
    """The tiny contract, committed, and then one schedule made rarer and the approval policy taken out."""
    contract.write("policies/look.yaml", INSPECTION)
    contract.write("policies/approval.yaml", APPROVAL)
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "before")
    contract.write("policies/look.yaml", INSPECTION.replace("hourly at :05", "daily at 07:00"))
    (contract.folder / "policies" / "approval.yaml").unlink()
    return contract


@pytest.mark.usefixtures("reduced")
def test_a_plan_names_what_is_promised_less(opspact: Call) -> None:
    weaker = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)["reductions"]
    assert {(each["code"], each["policy"]) for each in weaker} == {
        ("OP500", "contract/tiny"),
        ("OP502", "inspection/look"),
    }


def test_a_plan_that_promises_no_less_says_nothing_of_it(contract: Contract, opspact: Call) -> None:
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "before")
    contract.write("policies/look.yaml", INSPECTION)
    assert "reductions" not in json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)
