"""`opspact runbook test`: cases that pass, cases that fail, and none at all."""

import json
import xml.etree.ElementTree as ET

import pytest
from calling import Call, Contract

RUNBOOK = """\
kind: runbook
name: restart
text: {zh: 重启, en: Restart}
risk: reversible
hosts: all
without_restore_point: {zh: 没有数据, en: no data}
steps:
  - {name: restart, text: {en: restart}, command: [restart]}
---
kind: runbook
name: other
risk: read-only
hosts: all
steps:
  - {name: look, text: {en: look}, check: [{unit: x.service}]}
"""
TEST = """\
kind: runbook_test
name: restarts
runbook: restart
cases:
  - {name: it-works, targets: here, expect: {end: done, steps: {restart: done}}}
  - name: it-fails
    targets: here
    faults: [{step: restart, exit_code: 1, error_output: "<no unit>"}]
    expect: {end: %s, steps: {restart: failed}}
"""


@pytest.fixture
def written(contract: Contract) -> Contract:
    contract.write("runbooks/restart.yaml", RUNBOOK)
    contract.write("runbooks/tests/restart.yaml", TEST % "failed")
    return contract


def test_cases_that_pass_are_a_clean_end(written: Contract, opspact: Call) -> None:
    said = opspact("runbook", "test")
    assert (said.code, said.err) == (0, "")
    assert "2 cases passed" in said.out
    assert "without a test: other" in said.out
    assert opspact("runbook", "test", "restart").code == 0
    assert not (written.folder / ".opspact" / "ledger.sqlite3").exists()


def test_a_case_that_fails_says_what_came_in_each_form(written: Contract, opspact: Call) -> None:
    written.write("runbooks/tests/restart.yaml", TEST % "done")
    said = opspact("runbook", "test")
    assert (said.code, "expected done" in said.out, "1 failed" in said.out) == (1, True, True)
    found = json.loads(opspact("runbook", "test", "--format", "json").out)
    assert (found["schema"], found["summary"]) == ("opspact/runbook-test", {"cases": 2, "passed": 1, "failed": 1})
    failed = next(case for case in found["cases"] if not case["passed"])
    assert (failed["case"], failed["end"], failed["steps"]) == (
        "it-fails",
        "failed",
        [{"step": "restart", "outcome": "failed"}],
    )
    suite = ET.fromstring(opspact("runbook", "test", "--format", "junit").out)
    assert len(suite.findall(".//testcase")) == 2
    assert len(suite.findall(".//failure")) == 1


def test_steps_that_no_case_carries_out_are_listed(written: Contract, opspact: Call) -> None:
    more = "  - {name: tidy-up, text: {en: x}, command: [x], when: {restart: failed}}\n---\nkind: runbook\nname: other"
    branch = RUNBOOK.replace("---\nkind: runbook\nname: other", more, 1)
    written.write(
        "runbooks/restart.yaml", branch.replace("command: [restart]}", "command: [restart], on_failure: continue}")
    )
    written.write("runbooks/tests/restart.yaml", TEST.split("  - name: it-fails", maxsplit=1)[0])
    assert "restart: no case carries out tidy-up" in opspact("runbook", "test").out
    found = json.loads(opspact("runbook", "test", "--format", "json").out)
    assert (found["untested"], found["uncovered"]) == (["other"], {"restart": ["tidy-up"]})


def test_nothing_to_test_is_said(written: Contract, opspact: Call) -> None:
    assert opspact("runbook", "test", "other").code == 4
    assert opspact("runbook", "test", "nothing").code == 2
    (written.folder / "runbooks/tests/restart.yaml").unlink()
    assert opspact("runbook", "test").code == 4
