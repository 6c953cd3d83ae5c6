"""How far a run has come, by replay."""

from datetime import UTC, datetime

import pytest
import runs

from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.run.state import Finished, NotStarted, RunEvent, RunState, Unfinished, replay

DONE, FAILED, STOPPED = RunOutcome.DONE, RunOutcome.FAILED, RunOutcome.STOPPED


def began(attempt: int = 1) -> RunStarted:
    return RunStarted("r1", "apply", ("one", "two"), datetime(2026, 11, 23, tzinfo=UTC), attempt=attempt)


def begun(stage: str, attempt: int = 1) -> StageStarted:
    return StageStarted("r1", stage, attempt)


def ended(stage: str, outcome: RunOutcome = DONE, attempt: int = 1) -> StageFinished:
    return StageFinished("r1", stage, outcome, attempt=attempt)


def over(outcome: RunOutcome = DONE, attempt: int = 1) -> RunFinished:
    return RunFinished("r1", outcome, attempt=attempt)


@pytest.mark.parametrize(
    ("events", "one", "two"),
    [
        ([], NotStarted(), NotStarted()),
        ([began()], NotStarted(), NotStarted()),
        ([began(), begun("one")], Unfinished(1), NotStarted()),
        ([began(), begun("one"), ended("one")], Finished(1, DONE), NotStarted()),
        ([began(), begun("one"), ended("one"), begun("two")], Finished(1, DONE), Unfinished(1)),
        ([began(), begun("one"), began(2), begun("one", 2)], Unfinished(2), NotStarted()),
        ([began(), begun("one"), ended("one", FAILED), over(FAILED)], Finished(1, FAILED), NotStarted()),
        ([began(), begun("one"), began(2), begun("one", 2), ended("one", attempt=1)], Unfinished(2), NotStarted()),
        ([began(), begun("one"), begun("one", 2), ended("one", STOPPED, 2)], Finished(2, STOPPED), NotStarted()),
    ],
)
def test_the_state_of_each_stage_is_what_its_newest_attempt_came_to(
    events: list[RunEvent], one: object, two: object
) -> None:
    state = replay(events)

    assert (state.of("one"), state.of("two")) == (one, two)


@pytest.mark.parametrize(
    ("events", "attempt", "is_done"),
    [
        ([], 0, False),
        ([began()], 1, False),
        ([began(), over()], 1, True),
        ([began(), over(FAILED)], 1, False),
        ([began(), over(STOPPED), began(2)], 2, False),
        ([began(), over(FAILED), began(2), over(DONE, 2)], 2, True),
        ([began(), began(2), over(DONE, 1)], 2, False),
    ],
)
def test_a_run_is_done_when_its_newest_attempt_is(events: list[RunEvent], attempt: int, *, is_done: bool) -> None:
    state = replay(events)

    assert (state.attempt, runs.is_done(state)) == (attempt, is_done)
    assert state == RunState(attempt, state.stages, state.end)
