"""`opspact runbook drill` on this machine: a fault that is made for real, and cured; what is refused before."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from calling import Call, Contract

from opspact.ledger.run_events import RunOutcome
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


def rehearsed(contract: Contract) -> Iterator[EmergencyRehearsed]:
    """Yield what the ledger has of drills."""
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
        yield from [each.event for each in ledger.read(EmergencyRehearsed, contract="tiny")]


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


def rewrite(contract: Contract, page: Path, *changes: tuple[str, str]) -> None:
    """Write the runbooks, changed."""
    text = RUNBOOK
    for change in changes:
        assert change[0] in text
        text = text.replace(*change)
    contract.write("runbooks/page.yaml", text.replace("FILE", str(page)))


ATTACH = ("    ask: {cause", "    attach: photo\n    ask: {cause")
EVIDENCE = ("steps:\n  - name: ask", "evidence: {photo: {zh: 照片, en: a photo}}\nsteps:\n  - name: ask")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("    ask: {cause", "    ask: {more: {text: {zh: 更多, en: more}}, cause"), "--answer ask.more=TEXT"),
        (("    ask: {cause", "    ask: {more: {text: {zh: 更多, en: more}, default: x}, cause"), "ask.more=TEXT"),
        (ATTACH, "--attach photo=FILE"),
        (EVIDENCE, "--attach photo=FILE"),
        (
            ("inputs:\n  before", "inputs:\n  key: {text: {zh: 钥匙, en: key}, secret: secret:env:NO_KEY}\n  before"),
            "NO_KEY",
        ),
    ],
)
def test_what_the_cure_still_needs_is_said_before_the_fault_is_made(
    contract: Contract, opspact: Call, page: Path, *, change: tuple[str, str], said: str
) -> None:
    rewrite(contract, page, change)
    refused = opspact("runbook", "drill", "page-gone")
    assert (refused.code, said in refused.err, page.exists()) == (2, True, True), refused.err


@pytest.mark.parametrize("change", [ATTACH, EVIDENCE])
def test_evidence_is_attached_up_front(
    contract: Contract, opspact: Call, page: Path, *, change: tuple[str, str]
) -> None:
    rewrite(contract, page, change)
    assert opspact("runbook", "drill", "page-gone", "--attach", "phot=page").code == 2
    said = opspact("runbook", "drill", "page-gone", "--attach", f"photo={page.parent / 'opspact.yaml'}")
    assert (said.code, page.exists()) == (2, True), "a file that cannot be read"
    photo = page.parent / "photo.png"
    photo.write_text("password=Canary77x", encoding="utf-8")
    said = opspact("runbook", "drill", "page-gone", "--attach", f"photo={photo}", "--answer", "cause=disk")
    assert (said.code, "holds a secret" in said.err, page.exists()) == (2, True, True), said.err
    photo.write_text("a photo", encoding="utf-8")
    said = opspact("runbook", "drill", "page-gone", "--attach", f"photo={photo}", "--answer", "cause=disk")
    assert (said.code, page.read_text(encoding="utf-8")) == (0, "disk\n"), said.err


def test_a_cure_that_is_not_free_is_refused_before_the_fault_is_made(opspact: Call, page: Path) -> None:
    begun = opspact("runbook", "run", "put-back", "--input", "before=aZ", "--confirm", "here", "--format", "json")
    assert begun.code == 1
    said = opspact("runbook", "drill", "page-gone")
    assert (said.code, f"run {json.loads(begun.out)['run']} of put-back" in said.err) == (2, True), said
    assert page.exists()


def test_a_cure_that_fails_is_a_drill_that_failed(contract: Contract, opspact: Call, page: Path) -> None:
    rewrite(contract, page, ('echo "$cause" >FILE', "false"))
    said = opspact("runbook", "drill", "page-gone", "--format", "json")
    assert said.code == 3
    (drill,) = json.loads(said.out)["drills"]
    assert (drill["outcome"], drill["cured"], "exit code 1" in drill["detail"]) == ("failed", None, True)
    assert (drill["fault_remains"], drill["is_recorded"]) == (True, True)
    assert "the fault may still be there on here" in said.err
    assert f"`opspact runbook resume {drill['runbook_run']}`" in said.err
    assert "`opspact runbook run put-back --host here --input before=" in said.err


def test_the_fault_of_an_earlier_drill_is_said_until_it_is_cured(contract: Contract, opspact: Call, page: Path) -> None:
    rewrite(contract, page, ('echo "$cause" >FILE', "false"))
    assert "earlier drill" not in opspact("runbook", "drill", "page-gone").err
    made = next(rehearsed(contract)).fault_run
    rewrite(contract, page, ("[rm,", "[rm, -f,"))
    again = opspact("runbook", "drill", "page-gone")
    assert (again.code, f"run {made} made it" in again.err) == (0, True), again.err
    assert "earlier drill" not in opspact("runbook", "drill", "page-gone").err


def test_a_fault_that_did_not_begin_is_not_said_to_be_there(contract: Contract, opspact: Call, page: Path) -> None:
    unmet = "preconditions: [{text: {zh: 否, en: no}, check: [file: /nowhere]}]\nrehearsal_only: true"
    rewrite(contract, page, ("rehearsal_only: true", unmet))
    for _ in range(2):
        said = opspact("runbook", "drill", "page-gone")
        assert (said.code, "still be there" in said.err, page.exists()) == (3, False, True), said.err


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C come as soon as a run waits."""
    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr("opspact.runbook.host_doors.time", waiting)


FAILING = "retries: 1\n    retry_after: 1h\n    idempotent: true\n    command: [test, -e, /nowhere]"


@pytest.mark.parametrize(
    ("change", "last"),
    [
        (("    check: [file: FILE]", f"    {FAILING}"), "runbook_run"),
        (("---\n", f"  - name: x\n    text: {{zh: x, en: x}}\n    {FAILING}\n---\n"), "fault_run"),
    ],
)
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_drill_which_is_recorded_and_says_that_the_fault_remains(
    contract: Contract, opspact: Call, page: Path, *, change: tuple[str, str], last: str
) -> None:
    rewrite(contract, page, change)
    said = opspact("runbook", "drill", "page-gone")
    assert said.code == 128 + signal.SIGINT, said.err
    (event,) = rehearsed(contract)
    assert (event.outcome, event.cured, bool(getattr(event, last))) == (RunOutcome.STOPPED, None, True)
    assert "the fault may still be there on here" in said.err


def test_a_fault_that_takes_the_ledger_away_is_said_although_nothing_can_be_recorded(
    contract: Contract, opspact: Call, page: Path
) -> None:
    ledger = contract.folder / ".opspact/ledger.sqlite3"
    spoil = f"rm {page}; rm {ledger}*; mkdir {ledger}"
    rewrite(contract, page, ("[rm, FILE]", f'[sh, -c, "{spoil}"]'))
    said = opspact("runbook", "drill", "page-gone")
    assert (said.code, page.exists()) == (3, False), said.err
    assert "the fault may still be there on here" in said.err
    assert "the drill is not recorded" in said.err


def test_a_program_that_was_killed_leaves_a_fault_that_the_next_drill_reports(
    contract: Contract, opspact: Call, page: Path
) -> None:
    rewrite(contract, page, ('echo "$cause" >FILE', "sleep 3600"))
    with subprocess.Popen(
        [sys.executable, "-m", "opspact", "runbook", "drill", "page-gone"], stdin=subprocess.DEVNULL
    ) as killed:
        deadline = time.monotonic() + 60
        while not any(each.runbook == "put-back" for each in started(contract)) and time.monotonic() < deadline:
            time.sleep(0.1)
        killed.kill()
    assert not page.exists()
    said = opspact("runbook", "drill", "page-gone")
    fault, cure = started(contract)
    assert (said.code, f"run {fault.run} made it" in said.err, cure.run in said.err) == (2, True, True), said.err
    assert list(rehearsed(contract)) == []


def started(contract: Contract) -> list[RunbookStarted]:
    """Return the runs that the ledger has."""
    file = contract.folder / ".opspact/ledger.sqlite3"
    if not file.exists():
        return []
    with open_ledger(file, create=False) as ledger:
        return [each.event for each in ledger.read(RunbookStarted, contract="tiny")]


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


def test_one_that_cannot_be_rehearsed_does_not_keep_the_others_from_it_but_the_exit_code_tells(
    contract: Contract, opspact: Call, page: Path
) -> None:
    soon = EMERGENCY.replace("180 days", "10 days")
    unanswered = soon.replace("page-gone", "a-page-gone").replace("{ask: {cause: mistake}}", "{}")
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{unanswered}---\n{soon}")
    assert opspact("apply", "--yes").code == 0
    said = opspact("runbook", "drill", "--due", "--format", "json")
    assert [each["emergency"] for each in json.loads(said.out)["drills"]] == ["page-gone"]
    assert (said.code, "a-page-gone  not rehearsed" in said.err) == (3, True), said.err
    assert page.read_text(encoding="utf-8") == "mistake\n"


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_drills_after_it_too(contract: Contract, opspact: Call, page: Path) -> None:
    soon = EMERGENCY.replace("180 days", "10 days")
    contract.write("policies/emergency.yaml", f"{APPROVAL}---\n{soon}---\n{soon.replace('page-gone', 'later-gone')}")
    rewrite(contract, page, ("    check: [file: FILE]", f"    {FAILING}"))
    assert opspact("apply", "--yes").code == 0
    said = opspact("runbook", "drill", "--due", "--format", "json")
    assert said.code == 128 + signal.SIGINT
    assert len(json.loads(said.out)["drills"]) == 1
