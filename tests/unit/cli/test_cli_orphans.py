"""A host that leaves the inventory with something of ours on it is reported until that ends."""

import json
from datetime import UTC, datetime

import pytest
from calling import Call, Contract
from ledgers import context

from opspact.ledger.apply_events import ApplyStarted, HostAddress
from opspact.ledger.store import open_ledger
from opspact.plan.change import Action

TWO = "all: {hosts: {%s: {ansible_connection: local, ansible_become: false}, old: {ansible_host: 192.0.2.9}}}\n"
HELD = "file /srv/held"


@pytest.fixture
def without_old(contract: Contract) -> Contract:
    """A contract whose base commit has the host `old` under the policy, and whose folder has not."""
    here = (contract.folder / "inventory/hosts.yaml").read_text()
    note = (contract.folder / "policies/note.yaml").read_text()
    contract.write("inventory/hosts.yaml", TWO % "here")
    contract.write("policies/note.yaml", note.replace("hosts: here", "hosts: all"))
    contract.git("init", "--quiet")
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "first")
    contract.write("inventory/hosts.yaml", here)
    return contract


def test_a_plan_says_what_stays_on_it_and_plans_nothing_there(without_old: Contract, opspact: Call) -> None:
    reported = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)

    assert [host["name"] for host in reported["hosts"]] == ["here"]
    assert reported["summary"]["left_the_inventory"] == 1
    (left,) = reported["left_the_inventory"]
    assert (left["name"], left["stays"]) == ("old", [f"file {without_old.kept}"])


@pytest.mark.usefixtures("without_old")
def test_a_pipeline_that_asks_learns_of_it_by_the_exit_code(opspact: Call) -> None:
    assert opspact("plan", "--base", "HEAD", "--exit-code").code == 1
    assert opspact("plan", "--base", "HEAD", "--exit-code", "--limit", "here").code == 0


@pytest.fixture
def acted_on(contract: Contract) -> Contract:
    """A contract whose ledger says that something was put on `old`, which the inventory does not have."""
    (contract.folder / ".opspact").mkdir()
    event = ApplyStarted({"old": {Action.ADD: (HELD,)}}, {"old": HostAddress("192.0.2.9", "ops")})
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3") as ledger:
        ledger.record(event, context=context(datetime(2026, 3, 1, tzinfo=UTC), contract="tiny"))
    contract.write("files/note", "note\n")
    contract.kept.write_text("note\n")
    contract.kept.chmod(0o644)
    return contract


@pytest.mark.usefixtures("acted_on")
@pytest.mark.parametrize("command", [["plan"], ["plan", "--live"], ["verify"]])
def test_every_check_reports_what_the_ledger_records_of_it(opspact: Call, command: list[str]) -> None:
    (left,) = json.loads(opspact(*command, "--format", "json").out)["left_the_inventory"]

    assert (left["last_apply"][:10], left["reached_at"], left["stays"]) == ("2026-03-01", "ops@192.0.2.9", [HELD])


@pytest.mark.usefixtures("acted_on")
def test_verify_finds_it_in_every_form_until_the_host_is_retired(opspact: Call) -> None:
    reported = json.loads(opspact("verify", "--format", "json").out)
    assert opspact("verify").code == 1
    assert (reported["summary"]["failed"], reported["summary"]["left_the_inventory"]) == (0, 1)
    assert reported["left_the_inventory"][0]["reached_at"] == "ops@192.0.2.9"
    assert '<testcase name="removed from the inventory"' in opspact("verify", "--format", "junit").out
    assert opspact("verify", "--limit", "here").code == 0

    assert opspact("ledger", "retire", "old", "--reason", "scrapped").code == 0
    assert opspact("verify").code == 0
    assert json.loads(opspact("plan", "--live", "--format", "json").out)["left_the_inventory"] == []
    assert opspact("ledger", "retire", "old", "--reason", "again").code == 2
