"""Drills of emergencies and runs of runbooks judged: by what the ledger holds of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from recorded import CLAUSE, History, assessed, one
from runbook_texts import steps

from opspact.compile.build import build
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted
from opspact.ledger.runbook_events import EmergencyRehearsed, RunbookAbandoned, RunbookStarted
from opspact.ledger.store import open_ledger
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EMERGENCY = """\
kind: emergency
name: gone
clauses: [G2]
symptoms: {en: [gone]}
runbook: fix
drill_within: 180 days
rehearsal: {fault: {name: break-it}}
"""
DRILL = ("emergency/gone", "drill")
CLOSED = ("runbook/fix", "closed transcript")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    clause = CLAUSE.format("G2").replace("31 days", "200 days")
    fault = steps('command: ["false"]', name="break-it", top="rehearsal_only: true\n")
    contract = resolve(tree(clause, EMERGENCY, fault, steps('command: ["true"]')))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        history = History(ledger, contract, build(contract, day=NOW.date()))
        history.applied(NOW - 10 * DAY)
        yield history


def run(history: History, name: str, at: datetime, *, outcome: RunOutcome | None, drill: str = "gone") -> None:
    """Record a run of a runbook on db1, which ended a minute later, or not yet."""
    runbook = "break-it" if name.startswith("fault") else "fix"
    history.record(RunStarted(name, "runbook", ("step-1",), at + HOUR), at)
    history.record(RunbookStarted(name, runbook, "0" * 64, ("db1",), drill=drill), at)
    if outcome:
        history.record(RunFinished(name, outcome), at + timedelta(minutes=1))


def drilled(history: History, at: datetime, *, outcome: RunOutcome = RunOutcome.DONE, word: str = "") -> None:
    """Record a drill on db1 that says to have ended so, by runs with that word in their names."""
    event = EmergencyRehearsed(
        policy="emergency/gone",
        host="db1",
        outcome=outcome,
        began=at,
        fault_run=f"fault{word}",
        runbook_run=f"cure{word}",
        broken=at + timedelta(seconds=10),
        cured=at + timedelta(seconds=52) if outcome is RunOutcome.DONE else None,
        detail="" if outcome is RunOutcome.DONE else "it did not work",
    )
    history.record(event, at + timedelta(minutes=2))


def test_a_drill_is_due_kept_once_it_cured_and_late_when_it_is_too_old(history: History) -> None:
    assert one(history, *DRILL, subject="emergency/gone", now=NOW).state is State.NOT_DUE
    run(history, "fault", NOW, outcome=RunOutcome.DONE)
    run(history, "cure", NOW, outcome=RunOutcome.DONE)
    drilled(history, NOW)
    found = one(history, *DRILL, subject="emergency/gone", now=NOW + DAY)
    assert (found.state, found.judgement.reason) == (State.KEPT, "cured on db1 in 42s")
    assert one(history, *DRILL, subject="emergency/gone", now=NOW + 181 * DAY).state is State.LATE


@pytest.mark.parametrize(
    ("fault", "cure", "drill", "said"),
    [
        (RunOutcome.DONE, None, "gone", "run cure was not carried out to its end"),
        (RunOutcome.DONE, RunOutcome.FAILED, "gone", "run cure was not carried out to its end"),
        (RunOutcome.FAILED, RunOutcome.DONE, "gone", "run fault was not carried out to its end"),
        (RunOutcome.DONE, RunOutcome.DONE, "other", "is no run of a drill of gone on db1"),
        (RunOutcome.DONE, RunOutcome.DONE, "", "is no run of a drill of gone on db1"),
    ],
)
def test_a_drill_whose_runs_say_otherwise_proves_nothing(
    history: History, *, fault: RunOutcome, cure: RunOutcome | None, drill: str, said: str
) -> None:
    run(history, "fault", NOW, outcome=fault, drill=drill)
    run(history, "cure", NOW, outcome=cure, drill=drill)
    drilled(history, NOW)
    found = one(history, *DRILL, subject="emergency/gone", now=NOW + DAY)
    assert found.state is State.UNKNOWN
    assert said in found.judgement.reason


def test_a_drill_that_failed_counts_until_one_cures(history: History) -> None:
    drilled(history, NOW, outcome=RunOutcome.FAILED)
    drilled(history, NOW + HOUR, outcome=RunOutcome.STOPPED, word="-2")
    found = one(history, *DRILL, subject="emergency/gone", now=NOW + DAY)
    assert (found.state, found.judgement.reason) == (State.FAILED, "it did not work")
    run(history, "fault-3", NOW + 2 * HOUR, outcome=RunOutcome.DONE)
    run(history, "cure-3", NOW + 2 * HOUR, outcome=RunOutcome.DONE)
    drilled(history, NOW + 2 * HOUR, word="-3")
    assert one(history, *DRILL, subject="emergency/gone", now=NOW + DAY).state is State.KEPT


def test_a_run_is_to_be_closed_within_a_day_by_its_end_or_with_a_reason(history: History) -> None:
    found = one(history, *CLOSED, subject="runbook/fix", now=NOW)
    assert (found.state, found.judgement.reason) == (State.KEPT, "no run yet")
    run(history, "a", NOW, outcome=RunOutcome.STOPPED, drill="")
    assert one(history, *CLOSED, subject="runbook/fix", now=NOW + 23 * HOUR).state is State.NOT_DUE
    assert one(history, *CLOSED, subject="runbook/fix", now=NOW + 25 * HOUR).state is State.LATE
    history.record(RunbookAbandoned("a", "the disk was changed"), NOW + 26 * HOUR)
    found = one(history, *CLOSED, subject="runbook/fix", now=NOW + 27 * HOUR)
    assert (found.state, "abandoned by" in found.judgement.reason) == (State.KEPT, True)
    run(history, "b", NOW + 28 * HOUR, outcome=RunOutcome.DONE, drill="")
    found = one(history, *CLOSED, subject="runbook/fix", now=NOW + 29 * HOUR)
    assert (found.state, "done by" in found.judgement.reason) == (State.KEPT, True)


def test_a_runbook_that_makes_faults_owes_nothing(history: History) -> None:
    assert not [each for each in assessed(history, NOW).judged if each.obligation.policy == "runbook/break-it"]
