"""Edges of the rule about tests of runbooks: which names fit."""

import pytest
from analysing import found
from runbook_texts import steps

TOP = "inputs: {unit: {text: {en: unit}, pattern: '[a-z]+'}}\n"
ASK = "manual: {en: look}, ask: {cause: {text: {en: why}}}"
RUN = "command: [x, '{{ unit }}'], rollback: {command: [y]}"
TEST = "kind: runbook_test\nname: tried\nrunbook: fix\ncases:\n- {name: one, targets: %s, %sexpect: {end: done, %s}}\n"


def names(more: str = "", *, targets: str = "db1", expect: str = "steps: {}") -> list[str]:
    called = steps("command: [x]", name="called")
    runbook = steps(ASK, RUN, "runbook: {name: called}", top=TOP)
    test = TEST % (targets, more, expect)
    return [finding.subject.rpartition(" ")[2] for finding in found("OP286", called, runbook, test)]


@pytest.mark.parametrize(
    ("more", "unknown"),
    [
        ("faults: [{step: step-2, exit_code: 1}], ", []),
        ("faults: [{step: step-3-step-1, exit_code: 1}], ", []),
        ("faults: [{step: restore-point, outcome: failed}], ", []),
        ("faults: [{step: rollback-step-2, outcome: failed}], ", []),
        ("faults: [{step: step-3, exit_code: 1}], ", ["step-3"]),
        ("approved: step-9, ", ["step-9"]),
        ("answers: {step-1.cause: disk}, ", []),
        ("answers: {step-9.cause: disk}, ", ["step-9"]),
        ("inputs: {unit: nginx}, ", []),
        ("inputs: {units: nginx}, ", ["units"]),
    ],
)
def test_names_are_those_of_the_runbook(more: str, unknown: list[str]) -> None:
    assert names(more) == unknown


def test_what_is_expected_is_of_the_runbook_too() -> None:
    assert names(expect="steps: {step-1: done}, values: {cause: disk, unit: x}") == []
    assert names(expect="steps: {step-7: done}, values: {reason: disk}") == ["step-7", "reason"]
    assert names(targets="app1") == ["app1"]
