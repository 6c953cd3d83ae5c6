"""Faults of drills that nothing has cured: by what the ledger has of the runs that made them, and of later ones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from ledgers import context
from runbook_texts import steps

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted
from opspact.ledger.runbook_events import RunbookStarted, RunbookStepEnded, RunbookTarget, StepOutcome
from opspact.ledger.store import Ledger, open_ledger
from opspact.resolve.contract import resolve
from opspact.runbook.fault_history import open_fault

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EMERGENCY = "kind: emergency\nname: gone\nsymptoms: {en: [gone]}\nrunbook: fix\nrehearsal: {fault: {name: break-it}}\n"
CONTRACT = resolve(
    tree(
        EMERGENCY,
        steps('command: ["false"]', name="break-it", top="rehearsal_only: true\n"),
        steps('command: ["true"]'),
    )
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def run(
    ledger: Ledger,
    name: str,
    outcome: RunOutcome | None = RunOutcome.DONE,
    *,
    step: str = "step-1",
    drill: str = "gone",
) -> None:
    """Record a run on db1 by what its name begins with, one step of it, and how it ended (None: it was killed)."""
    runbook = "break-it" if name.startswith("fault") else "fix"
    events: list[EventType] = [
        RunStarted(name, "runbook", ("step-1",), AT),
        RunbookStarted(name, runbook, "0" * 64, ("db1",), drill=drill),
        RunbookTarget(runbook, "db1", int(name[-1]), name),
        RunbookStepEnded(name, step, "db1", 1, "command", StepOutcome.DONE, AT, AT),
    ]
    events += [RunFinished(name, outcome)] if outcome else []
    ledger.record_all(events, context=context(AT, contract=CONTRACT.name))


def uncured(ledger: Ledger) -> str:
    found = open_fault(ledger, CONTRACT, "break-it", host="db1", now=AT + timedelta(days=1))
    return found.id if found else ""


def test_a_fault_remains_until_the_runbook_of_its_emergency_was_carried_out_after_it(ledger: Ledger) -> None:
    assert not uncured(ledger)
    run(ledger, "cure-1")
    run(ledger, "fault-1")
    assert uncured(ledger) == "fault-1", "what was cured before it was another one"
    run(ledger, "cure-2", RunOutcome.FAILED)
    assert uncured(ledger) == "fault-1"
    run(ledger, "cure-3", drill="")
    assert not uncured(ledger), "in earnest too"


@pytest.mark.parametrize(
    ("outcome", "step", "remains"),
    [
        (RunOutcome.FAILED, "step-1", True),
        (RunOutcome.FAILED, "preconditions", False),
        (RunOutcome.STOPPED, "step-1", True),
        (None, "preconditions", True),  # killed, nobody knows where
    ],
)
def test_a_fault_that_was_made_in_part_remains_too(
    ledger: Ledger, outcome: RunOutcome | None, *, step: str, remains: bool
) -> None:
    run(ledger, "fault-1", outcome, step=step)
    assert bool(uncured(ledger)) is remains
