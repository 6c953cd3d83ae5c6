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
name: weakening
clauses: [C1]
needs: {role: customer, count: 2, not_requester: true, expires: 7 days}
for: [weakening]
"""


@pytest.fixture
def weakened(contract: Contract) -> Contract:
    """The tiny contract, committed, and then one schedule made rarer and the approval policy taken out."""
    contract.write("policies/look.yaml", INSPECTION)
    contract.write("policies/approval.yaml", APPROVAL)
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "before")
    contract.write("policies/look.yaml", INSPECTION.replace("hourly at :05", "daily at 07:00"))
    (contract.folder / "policies" / "approval.yaml").unlink()
    return contract


@pytest.mark.usefixtures("weakened")
def test_a_plan_says_what_is_promised_less_and_whose_yes_that_needs_even_where_the_change_drops_the_approval(
    opspact: Call,
) -> None:
    told = opspact("plan", "--base", "HEAD").out

    assert "promises less: 2 weakenings" in told
    assert "policies/look.yaml:5:11" in told
    assert "schedule was hourly at :05 and becomes daily at 07:00: it is due less often" in told
    assert "weakening (2 of customer, not the requester)" in told


@pytest.mark.usefixtures("weakened")
def test_the_pull_request_s_markdown_and_json_say_it_too(opspact: Call) -> None:
    assert "#### Promises less: 2 weakenings" in opspact("plan", "--base", "HEAD", "--format", "markdown").out
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
    assert "promises less" not in opspact("plan", "--base", "HEAD").out
