"""`opspact trace`: clauses to evidence and back, in words and for scripts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calling import Call, Contract
from narrow import unfit
from recorded import History

from opspact.cli.settings import LEDGER_FILE
from opspact.compile.build import build
from opspact.ledger.store import open_ledger
from opspact.model.names import CONTRACT_STATE
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.steps.file import File


@pytest.fixture
def kept(contract: Contract, opspact: Call) -> None:
    """The contract's one file is as it should be, its policy was applied, and verify has looked."""
    contract.kept.write_text((contract.folder / "files/note").read_text())
    contract.kept.chmod(0o644)
    resolved, now = resolve(read_tree(contract.folder)), datetime.now(UTC)
    (contract.folder / CONTRACT_STATE).mkdir()
    with open_ledger(contract.folder / CONTRACT_STATE / LEDGER_FILE) as ledger:
        History(ledger, resolved, build(resolved, day=now.date())).applied(now - timedelta(hours=1))
    assert opspact("verify").code == 0


COUNTS = dict.fromkeys(["failed", "late", "unknown", "not_carried_out", "not_due", "kept"], 0)


def test_a_clause_that_nobody_keeps_is_a_finding(contract: Contract, opspact: Call) -> None:
    contract.write(
        "policies/more.yaml",
        "kind: clause\nname: D7\nsection: '6'\ntext: {en: Space}\nkept_by: opspact\nevidence_within: 2 days\n",
    )
    said = opspact("trace", "D7", "--format", "json")

    assert said.code == 1
    assert json.loads(said.out)["policies"] == []


@pytest.mark.usefixtures("kept")
def test_after_a_look_the_evidence_is_there_for_scripts(opspact: Call) -> None:
    reported = json.loads(opspact("trace", "--format", "json").out)

    assert (reported["schema"], reported["version"]) == ("opspact/trace", 1)
    assert reported["summary"] == {"clauses": 1, **COUNTS, "not_carried_out": 1}
    assert reported["clauses"][0]["state"] == "not_carried_out"  # its team has no staffing report
    assert reported["clauses"][0]["last_evidence"].endswith("Z")
    note = next(policy for policy in reported["policies"] if policy["name"] == "service/note")
    (check,) = note["obligations"]
    assert (check["subject"], check["proof"], check["state"]) == ("host/here", "check", "kept")


WEB = """\
kind: service
name: web
clauses: [C1]
hosts: all
owner: operators
packages: [{packages}]
directories: [{{path: /srv/web}}]
files: [{{path: /etc/motd, content: hello}}]
units: [nginx.service]
"""


@pytest.fixture
def fleet(contract: Contract) -> Contract:
    """Eight hosts with a service of fifteen steps each."""
    hosts = ", ".join(f"app{number}: {{}}" for number in range(1, 9))
    contract.write("inventory/hosts.yaml", f"all: {{hosts: {{here: {{ansible_connection: local}}, {hosts}}}}}\n")
    packages = ["nginx", *(f"web-part-{letter}" for letter in "abcdefghijk")]
    contract.write("policies/web.yaml", WEB.format(packages=", ".join(packages)))
    return contract


@pytest.mark.usefixtures("fleet")
def test_a_policy_may_be_asked_for_by_its_name_alone(opspact: Call) -> None:
    assert opspact("trace", "web") == opspact("trace", "service/web")
    assert opspact("trace", "web").code == 0


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("name", ["C1", "service/web", "app1", "/etc/motd", "nginx"])
def test_a_trace_fits_a_narrow_terminal(opspact: Call, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    said = opspact("trace", name).out.splitlines()

    assert unfit(said, "", 50) == []
    assert len(said) < 60


def test_a_host_of_which_nothing_is_asked_says_so(opspact: Call, contract: Contract) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_connection: local}, idle: {}}}\n")
    said = opspact("trace", "idle", "--format", "json")

    assert (said.code, json.loads(said.out)["step_list"]) == (0, [])


CLAUSE = (
    "kind: clause\nname: {}\nsection: '6'\ntext: {{en: Space is kept}}\nkept_by: opspact\nevidence_within: 2 days\n"
)


def test_the_columns_of_clauses_stand_apart_however_long_their_names(contract: Contract, opspact: Call) -> None:
    names = ["D7", "restore-tests-of-all-databases"]
    contract.write("policies/more.yaml", "---\n".join(map(CLAUSE.format, names)))
    clauses = [line.split("  ") for line in opspact("trace").out.splitlines() if "Space is kept" in line]

    assert [parts[0] for parts in clauses] == names
    assert {tuple(filter(None, parts))[1].strip() for parts in clauses} == {"not carried out"}


def test_a_clause_in_one_language_is_printed_once(contract: Contract, opspact: Call) -> None:
    contract.write("policies/more.yaml", CLAUSE.format("D7"))

    assert opspact("trace", "D7").out.count("Space is kept") == 1


def checks_in(reported: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the step and the state of each check of a trace."""
    steps = reported.get("step_list") or [step for policy in reported["policies"] for step in policy["step_list"]]
    return [(step["step"], step["check"]["state"]) for step in steps]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("by", ["C1", "service/note", "here", "file"])
def test_after_a_look_each_step_tells_what_was_seen(opspact: Call, contract: Contract, by: str) -> None:
    name = str(contract.kept) if by == "file" else by
    assert checks_in(json.loads(opspact("trace", name, "--format", "json").out)) == [(f"file {contract.kept}", "ok")]
    contract.kept.write_text("something else")
    opspact("verify")

    assert opspact("trace", "C1").code == 1
    assert checks_in(json.loads(opspact("trace", name, "--format", "json").out)) == [
        (f"file {contract.kept}", "failed")
    ]


@pytest.mark.usefixtures("kept")
def test_json_of_a_clause_and_a_policy_lists_the_steps_of_each(opspact: Call, contract: Contract) -> None:
    clause, policy = (json.loads(opspact("trace", name, "--format", "json").out) for name in ("C1", "service/note"))
    note = next(each for each in clause["policies"] if each["name"] == "service/note")
    (step,) = note["step_list"]

    assert (clause["target"], policy["target"]["type"]) == ({"name": "C1", "type": "clause"}, "policy")
    assert note["steps"] == {"file": 1}
    assert policy["policies"] == [note]
    assert (step["host"], step["kind"], step["subject"]) == ("here", "file", str(contract.kept))
    assert step["step"] == f"file {contract.kept}"
    assert (step["check"]["state"], step["check"]["detail"]) == ("ok", "")
    assert step["check"]["question"].startswith(File.question[:8])
    assert (step["last_evidence"]["kind"], step["last_evidence"]["good"]) == ("verify", True)


@pytest.mark.parametrize("kind", ["host", "step"])
def test_json_of_a_host_and_a_step_lists_steps_with_their_policies_and_clauses(
    opspact: Call, contract: Contract, kind: str
) -> None:
    name = "here" if kind == "host" else str(contract.kept)
    reported = json.loads(opspact("trace", name, "--format", "json").out)
    (step,) = reported["step_list"]

    assert reported["target"] == {"name": name, "type": kind}
    assert (reported["clauses"], reported["policies"]) == ([], [])
    assert [(each["policy"], each["clauses"]) for each in step["origins"]] == [("service/note", ["C1"])]
    assert (step["check"]["state"], step["last_evidence"]) == ("unknown", None)


def test_the_overview_keeps_to_numbers(opspact: Call) -> None:
    reported = json.loads(opspact("trace", "--format", "json").out)

    assert "target" not in reported
    assert all("step_list" not in policy for policy in reported["policies"])
    assert "file" not in opspact("trace").out
