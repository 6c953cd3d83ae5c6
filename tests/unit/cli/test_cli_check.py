"""`opspact check`: what is told, where, in which form, with which exit code."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from calling import Call, Contract
from job_results import job_result
from ledgers import context

from opspact.ledger.store import open_ledger


def test_json_holds_every_finding_with_its_place_and_the_counts(contract: Contract, opspact: Call) -> None:
    contract.write("policies/wrong.yaml", "kind: tem\nname: x\n---\nkind: service\nname: y\n")
    said = opspact("check", "--format", "json")
    reported = json.loads(said.out)

    assert said.code == 2
    assert list(reported) == ["schema", "version", "findings", "summary"]
    assert (reported["schema"], reported["version"]) == ("opspact/check", 1)
    assert {finding["severity"] for finding in reported["findings"]} == {"error"}
    assert (reported["findings"][0]["file"], reported["findings"][0]["line"], reported["findings"][0]["column"]) == (
        "policies/wrong.yaml",
        1,
        7,
    )
    number = len(reported["findings"])
    assert reported["summary"] == {"errors": number, "warnings": 0, "notes": 0, "causes": number, "consequences": 0}


def test_json_of_a_sound_contract_has_only_what_is_accepted_and_says_by_whom(opspact: Call) -> None:
    reported = json.loads(opspact("check", "--format", "json").out)

    assert {finding["accepted"] for finding in reported["findings"]} == {
        "accepted by operators until 2099-12-31: it is tiny"
    }
    assert reported["summary"] == {"errors": 0, "warnings": 0, "notes": 3, "causes": 3, "consequences": 0}


def test_a_pipeline_on_github_gets_an_annotation_for_each_problem(contract: Contract, opspact: Call) -> None:
    contract.write("policies/wrong.yaml", "kind: tem\nname: x\n")
    said = opspact("check", "--format", "github")

    assert said.code == 2
    assert said.out.startswith("::error file=policies/wrong.yaml,line=1,col=7,title=opspact OP")
    assert said.out.count("\n") == 1


def test_sarif_and_junit_name_the_same_problems(contract: Contract, opspact: Call) -> None:
    contract.write("policies/wrong.yaml", "kind: tem\nname: x\n")
    sarif = json.loads(opspact("check", "--format", "sarif").out)
    junit = ET.fromstring(opspact("check", "--format", "junit").out)

    result = sarif["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 7}
    assert junit.attrib["failures"] == "1"
    assert [case.attrib["name"] for case in junit.iter("testcase")] == ["policies/wrong.yaml:1:7"]


def test_a_pattern_that_chooses_nobody_is_refused_at_its_line(contract: Contract, opspact: Call) -> None:
    contract.write("policies/note.yaml", (contract.folder / "policies/note.yaml").read_text().replace("here", "hree"))
    said = opspact("check", "--format", "json")
    (found,) = json.loads(said.out)["findings"]

    assert said.code == 2
    assert (found["code"], found["file"], found["line"], found["column"]) == ("OP100", "policies/note.yaml", 4, 8)


def test_a_folder_that_is_no_contract_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opspact: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    assert opspact("check").code == 2


def test_the_contract_is_found_from_a_folder_below_and_by_name(
    contract: Contract, opspact: Call, *, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    below = contract.folder / "policies"
    monkeypatch.chdir(below)
    assert opspact("check").code == 0
    monkeypatch.chdir(tmp_path)
    assert opspact("check", "--contract", str(contract.folder)).code == 0
    assert opspact(f"--contract={contract.folder}", "check").code == 0


def test_a_contract_named_outright_that_is_not_there_is_refused(opspact: Call, tmp_path: Path) -> None:
    assert opspact("--contract", str(tmp_path / "nowhere"), "check").code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["check"], ["compile", "--help"], ["schema"]])
def test_what_needs_no_hosts_does_not_load_what_reaches_them(arguments: list[str]) -> None:
    heavy = ["testinfra", "_pytest", "ansible_runner", "sqlalchemy", "rich"]
    script = (
        "import sys; from opspact.cli.main import main; code = main(sys.argv[2:]); "
        "print('loaded:', *[name for name in sys.argv[1].split(',') if name in sys.modules]); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, ",".join(heavy), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))  # not readline's

    assert done.stdout.splitlines()[-1] == "loaded:"


INSPECTION = """\
kind: inspection
name: look
clauses: [C1]
hosts: all
schedule: hourly at :05
items: [{units: {failed: 0}}]
"""


def test_what_is_promised_less_than_before_is_told_with_the_line(contract: Contract, opspact: Call) -> None:
    contract.write("policies/look.yaml", INSPECTION)
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "before")
    contract.write("policies/look.yaml", INSPECTION.replace("hourly at :05", "daily at 07:00").replace("0}}", "2}}"))
    said = opspact("check", "--base", "HEAD", "--at", "2026-03-02", "--format", "json")
    weaker = [found for found in json.loads(said.out)["findings"] if found["code"] == "OP502"]

    assert said.code == 1
    assert [(found["line"], found["policy"]) for found in weaker] == [(5, "inspection/look"), (6, "inspection/look")]
    assert [found["clauses"] for found in weaker] == [["C1"], ["C1"]]


BACKUP = """\
kind: backup
name: daily
clauses: [C1]
hosts: db1
what: {paths: [/srv]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
keep: {daily: 7}
rpo: 24h10m
rto: 4h
passphrase: secret:vault:borg
escrow: {where: {en: safe}, holder: customer, checked: quarterly on day 10 at 10:00}
drill: {within: 9999 days}
"""
NO_SERVICE = """\
---
kind: accepted
name: no-service
finding: OP222
where: policies/contract.yaml#tiny
only: [db1]
reason: it is tiny
by: operators
until: 2099-12-31
"""


def backed_up(contract: Contract) -> Path:
    """Give the contract a backup of a host to another; return where its ledger is."""
    contract.write("policies/backups.yaml", BACKUP + NO_SERVICE)
    inventory = "all: {hosts: {db1: {}, backup1: {}, here: {ansible_connection: local, ansible_become: false}}}\n"
    contract.write("inventory/hosts.yaml", inventory)
    return contract.folder / ".opspact" / "ledger.sqlite3"


def ran(ledger: Path, seconds: float) -> None:
    """Record that the backup took so long."""
    ended = datetime(2026, 1, 2, 18, tzinfo=UTC)
    with open_ledger(ledger) as opened:
        event = job_result("backup/daily", "db1", ended=ended, facts={"seconds": seconds})
        opened.record(event, context=context(datetime(2026, 1, 2, tzinfo=UTC), contract="tiny"))


def test_what_the_ledger_measured_counts(contract: Contract, opspact: Call) -> None:
    ledger = backed_up(contract)
    assert opspact("check").code == 0
    assert not ledger.parent.exists(), "a check makes no ledger"

    ran(ledger, 1800)

    said = opspact("check", "--format", "json")
    assert said.code == 1
    assert [each["code"] for each in json.loads(said.out)["findings"] if each["severity"] == "error"] == ["OP400"]


def test_a_ledger_that_is_named_counts_and_is_not_made(contract: Contract, opspact: Call, tmp_path: Path) -> None:
    backed_up(contract)
    elsewhere = tmp_path / "elsewhere" / "ledger.sqlite3"
    assert opspact("check", "--ledger", str(elsewhere)).code == 0
    assert not elsewhere.parent.exists()

    ran(elsewhere, 1800)

    assert opspact("check", "--ledger", str(elsewhere)).code == 1
    assert opspact("check").code == 0


def test_a_ledger_that_cannot_be_read_is_told_and_left_out(contract: Contract, opspact: Call) -> None:
    ledger = backed_up(contract)
    ran(ledger, 1800)
    with sqlite3.connect(ledger) as connection:
        for trigger in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f"drop trigger {trigger[0]}")
        connection.execute("update opspact_events set actor = 'somebody else'")
    connection.close()

    said = opspact("check")

    assert said.code == 0
    assert "the ledger is not used" in said.err
