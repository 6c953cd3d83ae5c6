"""How far a run has come, by replay of its events.

In: a run's events, in the order in which they were recorded. Out: the state of each of its stages.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.structs import Struct, field, replace

RunEvent = RunStarted | StageStarted | StageFinished | RunFinished


class NotStarted(Struct):
    """Nobody has begun the stage."""

    attempt: int = 0


class Unfinished(Struct):
    """The stage was begun, and nothing says how it ended: whoever began it is at work, or died."""

    attempt: int


class Finished(Struct):
    """The stage came to an end, and to which; `detail` says why it did not succeed."""

    attempt: int
    outcome: RunOutcome
    detail: str = ""


StageState = NotStarted | Unfinished | Finished


def is_done(state: StageState) -> bool:
    """Given the state of a stage, return whether it ended well."""
    return isinstance(state, Finished) and state.outcome is RunOutcome.DONE


class RunState(Struct):
    """What the ledger says of a run. `attempt` is the newest one (0: never begun); `end` is how that one ended."""

    attempt: int = 0
    stages: Mapping[str, StageState] = field(default_factory=dict)
    end: RunFinished | None = None

    def of(self, stage: str) -> StageState:
        """Given a stage's name, return its state."""
        return self.stages.get(stage, NotStarted())


def replay(events: Iterable[RunEvent]) -> RunState:
    """Given the events of one run, return its state. An event of an earlier attempt never undoes a later one."""
    state = RunState()
    for event in events:
        state = _after(state, event)
    return state


def _after(state: RunState, event: RunEvent) -> RunState:
    match event:
        case RunStarted():
            return replace(state, attempt=event.attempt, end=None) if event.attempt > state.attempt else state
        case RunFinished():
            return replace(state, end=event) if event.attempt == state.attempt else state
        case StageStarted():
            return _with(state, event.stage, Unfinished(event.attempt))
        case StageFinished():
            return _with(state, event.stage, Finished(event.attempt, event.outcome, event.detail))
        case _:
            assert_never(event)


def _with(state: RunState, stage: str, new: StageState) -> RunState:
    if new.attempt < state.of(stage).attempt:
        return state
    return replace(state, stages={**state.stages, stage: new})
