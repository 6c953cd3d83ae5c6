"""Runs to test with: what one holds, and one that is carried out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from opspact.ledger.context import Context
from opspact.ledger.run_events import RunOutcome, RunStarted
from opspact.ledger.store import Ledger
from opspact.run.execution import Execution, StageResult, Work
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.run.resume import Answer, resume
from opspact.run.stage import Run
from opspact.run.state import RunState

CONTRACT = "office"


def context() -> Context:
    return Context(at=datetime.now(UTC), actor="li-na", contract=CONTRACT)


def leases(ledger: Ledger, run: str, *, attempt: int = 1, term: float = 90.0) -> Leases:
    return Leases(ledger, context, run=run, attempt=attempt, term=timedelta(seconds=term))


def is_done(state: RunState) -> bool:
    return state.end is not None and state.end.outcome is RunOutcome.DONE


def begin(held: Leases) -> None:
    """Record that an attempt of a run has begun, by this very process, which is nowhere else known."""
    started = RunStarted(held.run, "apply", ("converge",), held.until(), attempt=held.attempt)
    held.start([started])


def execution(
    ledger: Ledger, run: Run, *, answers: Mapping[str, Answer] | None = None, term: float = 90.0
) -> Execution:
    """Return the next attempt of a run, as a program that resumes it makes it."""
    state = Journal(ledger, CONTRACT).state(run.id)
    return Execution(run, resume(run, state, answers), leases(ledger, run.id, attempt=state.attempt + 1, term=term))


def work(does: Callable[[Leases], object]) -> Work:
    """Return a stage's work that succeeds when nothing is raised."""

    def carry_out(held: Leases) -> StageResult:
        does(held)
        return StageResult()

    return carry_out
