"""`opspact runbook drill` on this machine: a fault that is made for real, and cured; what is refused before."""

import json
from pathlib import Path

import pytest
from calling import Call, Contract

from opspact.ledger.runbook_events import EmergencyRehearsed, RunbookStarted, RunbookStepEnded
from opspact.ledger.store import open_ledger

pytestmark = pytest.mark.slow

APPROVAL = (
    "kind: approval\nname: lead\nneeds: {role: operators, count: 1, not_requester: true, expires: 7 days}\n"
    "for: [destructive]\n"
)
EMERGENCY = """\
kind: emergency
name: page-gone
clauses: [C1]
symptoms: {zh: [页面没了], en: [page is gone]}
runbook: put-back
drill_within: 180 days
rehearsal:
  fault: {name: remove-page}
  inputs: {before: "{{ began }}"}
  answers: {ask: {cause: mistake}}
"""
RUNBOOK = """\
kind: runbook
name: remove-page
clauses: [C1]
text: {zh: 删除页面, en: Remove the page}
risk: destructive
rehearsal_only: true
hosts: here
without_restore_point: {zh: 演练主机, en: a rehearsal host}
steps:
  - name: remove
    text: {zh: 删除, en: remove}
    command: [rm, FILE]
    destructive: true
---
kind: runbook
name: put-back
clauses: [C1]
text: {zh: 放回页面, en: Put the page back}
risk: destructive
hosts: here
inputs:
  before: {text: {zh: 之前, en: before}, pattern: '.+Z'}
without_restore_point: {zh: 没有数据, en: no data}
steps:
  - name: ask
    text: {zh: 问, en: ask}
    manual: {zh: 看一看, en: look at it}
    ask: {cause: {text: {zh: 原因, en: the cause}}}
  - name: agree
    text: {zh: 批准, en: agree}
    approve: lead
  - name: put-back
    text: {zh: 放回, en: put it back}
    script: |
      echo "$cause" >FILE
    destructive: true
  - name: look
    text: {zh: 查看, en: look}
    check: [file: FILE]
"""


@pytest.fixture
def page(contract: Contract) -> Path:
    file = contract.folder / "page"
    file.write_text("page", encoding="utf-8")
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{EMERGENCY}")
    contract.write("runbooks/page.yaml", RUNBOOK.replace("FILE", str(file)))
    mark(contract)
    return file


def mark(contract: Contract, word: str = "true") -> None:
    """Have the inventory say whether this machine is there to be broken."""
    contract.write("inventory/host_vars/here.yaml", f"opspact_rehearsal: {word}\n")


def test_a_fault_is_made_and_cured_without_asking_for_approvals_and_recorded(
    contract: Contract, opspact: Call, page: Path
) -> None:
    said = opspact("runbook", "drill", "page-gone", "--format", "json")
    assert said.code == 0, said.err
    (drill,) = json.loads(said.out)["drills"]
    assert (drill["outcome"], drill["host"], page.read_text(encoding="utf-8")) == ("done", "here", "mistake\n")
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        runs = [each.event for each in ledger.read(RunbookStarted, contract="tiny")]
        (agreed,) = (
            each.event for each in ledger.read(RunbookStepEnded, contract="tiny") if each.event.step == "agree"
        )
        (event,) = (each.event for each in ledger.read(EmergencyRehearsed, contract="tiny"))
    assert [(each.run, each.drill) for each in runs] == [
        (drill["fault_run"], "page-gone"),
        (drill["runbook_run"], "page-gone"),
    ]
    assert "approval lead is not asked for" in agreed.output
    assert (event.policy, event.fault_run, event.runbook_run) == ("emergency/page-gone", *(each.run for each in runs))
    shown = opspact("runbook", "drill", "page-gone")
    assert (shown.code, "page-gone  here  cured" in shown.out) == (0, True), shown


@pytest.mark.parametrize("word", ["false", "'no'", "''", "1"])
def test_a_host_that_is_not_marked_is_left_alone(contract: Contract, opspact: Call, page: Path, *, word: str) -> None:
    mark(contract, word)
    assert opspact("runbook", "drill", "page-gone").code == 4
    assert opspact("runbook", "drill", "page-gone", "--on", "here").code == 2
    assert page.read_text(encoding="utf-8") == "page"


def test_a_fault_is_not_made_outside_of_a_drill(opspact: Call, page: Path) -> None:
    said = opspact("runbook", "run", "remove-page", "--confirm", "here")
    assert (said.code, "runs in drills alone" in said.err) == (2, True), said
    assert page.exists()


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        (("  answers: {ask: {cause: mistake}}\n", ""), ()),  # nobody would confirm the step
        (("ask: {cause", "asks: {cause"), ()),  # there is no such step
        (("{{ began }}", "yesterday"), ()),  # it does not fit the input
        (("", ""), ("--answer", "nothing=done")),
        (("", ""), ("--due",)),  # one or those that are due
    ],
)
def test_what_could_not_be_cured_is_refused_before_the_fault_is_made(
    contract: Contract, opspact: Call, page: Path, *, change: tuple[str, str], arguments: tuple[str, ...]
) -> None:
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{EMERGENCY.replace(*change)}")
    assert opspact("runbook", "drill", "page-gone", *arguments).code == 2
    assert page.read_text(encoding="utf-8") == "page"


def test_a_cure_that_fails_is_a_drill_that_failed(contract: Contract, opspact: Call, page: Path) -> None:
    contract.write("runbooks/page.yaml", RUNBOOK.replace('echo "$cause" >FILE', "false").replace("FILE", str(page)))
    said = opspact("runbook", "drill", "page-gone", "--format", "json")
    assert said.code == 3
    (drill,) = json.loads(said.out)["drills"]
    assert (drill["outcome"], drill["cured"], "exit code 1" in drill["detail"]) == ("failed", None, True)


def test_drills_are_due_when_they_failed_and_not_before_a_policy_is_applied(opspact: Call, page: Path) -> None:
    assert opspact("runbook", "drill", "--due").code == 4
    assert opspact("runbook", "drill").code == 2
    assert opspact("runbook", "drill", "page-gon").code == 2
    assert page.exists()


def test_what_is_due_is_rehearsed_and_what_is_not_is_left_alone(contract: Contract, opspact: Call, page: Path) -> None:
    """After an apply, a drill that is owed within ten days is due soon; one that is owed in half a year is not."""
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{EMERGENCY}".replace("180 days", "10 days"))
    applied = opspact("apply", "--yes")
    assert applied.code == 0, applied.err
    said = opspact("runbook", "drill", "--due", "--format", "json")
    assert said.code == 0, said.err
    assert [each["emergency"] for each in json.loads(said.out)["drills"]] == ["page-gone"]
    assert page.read_text(encoding="utf-8") == "mistake\n"
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{EMERGENCY}")
    assert opspact("runbook", "drill", "--due").code == 4
