"""Faults are made in drills alone: what handles an emergency, what a runbook calls, what a rehearsal names."""

from analysing import messages
from runbook_texts import steps

FAULT = steps('command: ["false"]', name="break-it", top="rehearsal_only: true\n")
PLAIN = steps('command: ["true"]', name="plain")
CALL = steps("runbook: {name: break-it}", name="calls")
EMERGENCY = "kind: emergency\nname: lost\nsymptoms: {en: [lost]}\nrunbook: %s\nrehearsal: {fault: {name: %s}}\n"


def test_a_fault_is_named_by_a_rehearsal_alone() -> None:
    assert messages("OP257", FAULT, PLAIN, EMERGENCY % ("plain", "break-it")) == []
    (handled,) = messages("OP257", FAULT, EMERGENCY % ("break-it", "break-it"))
    assert "handled by break-it" in handled
    (called,) = messages("OP257", FAULT, CALL)
    assert "step step-1 of calls calls break-it" in called


def test_a_rehearsal_names_what_runs_in_drills_alone() -> None:
    (found,) = messages("OP257", PLAIN, EMERGENCY % ("plain", "plain"))
    assert "may run outside of drills" in found
