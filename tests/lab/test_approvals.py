"""A plan that somebody has to approve, on a real host: what is carried out, and what is refused before anything is."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: note
hosts: app1
owner: crew
files: [{{path: /etc/opspact-approved, content: "{text}"}}]
---
kind: approval
name: change
needs: {{role: customer}}
for: [apply]
---
kind: person
name: he-jing
teams: [customer]
from: 2026-01-01
signing_keys: [{{key: {key}}}]
"""


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    """The contract, applied once: its policies are the base from then on."""
    with small(lab, "approvals", "") as made:
        for name in ("he-jing", "eve"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", made.home / name], check=True
            )
        write(made, "first")
        yield made
        lab.root("app1", "rm -f /etc/opspact-approved")


def write(contract: Contract, text: str) -> None:
    key = (contract.home / "he-jing.pub").read_text().strip()
    contract.write("policies/all.yaml", POLICIES.format(text=text, key=key))
    contract.commit()


def planned(contract: Contract) -> Path:
    file = contract.home / "plan.json"
    contract.good("plan", "--live", "--limit", "app1", "--out", str(file), OPSPACT_ACTOR="pipeline")
    return file


def approve(contract: Contract, plan: Path, name: str) -> None:
    contract.good("plan", "approve", str(plan), "--key", str(contract.home / name), "--out", f"{plan}.{name}.approval")


def refused(contract: Contract, plan: Path) -> str:
    said = contract.run("apply", str(plan), OPSPACT_ACTOR="pipeline")
    assert said.code == 2, said.out
    return said.err


def test_only_the_plan_that_the_right_person_approved_is_carried_out(contract: Contract, healthy_lab: Lab) -> None:
    # The first apply is by the policies that it brings: they ask for an approval, too.
    plan = planned(contract)
    assert "approval change is missing (apply)" in refused(contract, plan)
    approve(contract, plan, "eve")
    assert "is nobody's signing key" in refused(contract, plan)
    approve(contract, plan, "he-jing")
    good = plan.read_text()
    plan.write_text(good.replace('"why": "', '"why": "!', 1))
    assert "was changed after opspact created it" in refused(contract, plan)
    plan.write_text(good)
    contract.good("apply", str(plan), OPSPACT_ACTOR="pipeline")
    assert healthy_lab.root("app1", "cat /etc/opspact-approved").out == "first"
    (received,) = contract.events("approval.received")
    assert (received["body"]["person"], received["plan_digest"]) == ("he-jing", json.loads(good)["digest"])

    write(contract, "second")
    plan = planned(contract)
    assert "it is for another plan" in refused(contract, plan)  # the approval of the first one lies beside it still
    approve(contract, plan, "he-jing")
    healthy_lab.root("app1", "echo by hand >/etc/opspact-approved")
    assert "is stale" in refused(contract, plan)
    assert healthy_lab.root("app1", "cat /etc/opspact-approved").out == "by hand\n"
