"""What is to be done with each stage of a run that starts, or that goes on.

In: a run, its state, answers to questions. Out: the stages in their order, each with what becomes of it. A dry run
shows this list, and `execution` carries this list out.
"""

from collections.abc import Mapping
from enum import StrEnum

from opspact.errors import Refused
from opspact.ledger.run_events import RunOutcome
from opspact.run.stage import Run, Stage
from opspact.run.state import Finished, NotStarted, RunState, StageState, is_done
from opspact.structs import Struct, replace


class Answer(StrEnum):
    """What a person says of a stage that was begun, has not succeeded, and must not be repeated without asking."""

    DONE = "done"  # its effect is there: go on with the next stage
    REPEAT = "repeat"  # its effect is not there: carry it out again


class Treatment(StrEnum):
    """What becomes of a stage."""

    SKIP = "skip"  # it is done
    START = "start"  # nobody has begun it
    START_OVER = "start over"  # it was begun, has not succeeded, and may be repeated
    COUNT_AS_DONE = "count as done"  # a person says that it is
    ASK = "ask"  # it was begun, has not succeeded, and must not be repeated without asking
    IF_FAILED = "if failed"  # it recovers the stage before it, should that one fail
    WAIT = "wait"  # a recovery that was interrupted comes first, and nothing else in this attempt


class PlannedStage(Struct):
    """A stage and what becomes of it. `attempt` is the number under which it is carried out, or was."""

    stage: Stage
    treatment: Treatment
    attempt: int
    before: StageState

    @property
    def question(self) -> str:
        """What a person must answer before the run can go on; empty: nothing."""
        if self.treatment is not Treatment.ASK:
            return ""
        how = f"ended as {self.before.outcome.value}" if isinstance(self.before, Finished) else "never finished"
        return f"stage {self.stage.name} ({self.stage.description}) was started and {how}: did it take effect?"


class Unanswered(Refused):
    """A run cannot go on before a person has said whether a stage has had its effect."""


def resume(run: Run, state: RunState, answers: Mapping[str, Answer] | None = None) -> tuple[PlannedStage, ...]:
    """Given a run, its state and what was answered by stage, return all stages in their order.

    Raise Refused for an answer about a stage that is none of the run's.
    """
    answers = answers or {}
    if unknown := sorted(answers.keys() - {stage.name for stage in run.stages}):
        raise Refused(f"run {run.id} has no stage {', '.join(unknown)}")
    planned = tuple(_planned(stage, state.of(stage.name), answers.get(stage.name)) for stage in run.stages)
    if any(it.stage.recovers and it.treatment is Treatment.START_OVER for it in planned):
        return tuple(map(_waiting, planned))
    return planned


def refuse_unanswered(run: Run, planned: tuple[PlannedStage, ...]) -> None:
    """Given a run and what becomes of its stages, raise Unanswered with every question that is open."""
    if questions := [stage.question for stage in planned if stage.question]:
        raise Unanswered(f"run {run.id} cannot continue: {'; '.join(questions)}", hint="answer done or repeat")


def _planned(stage: Stage, state: StageState, answer: Answer | None) -> PlannedStage:
    treatment = _treatment(stage, state, answer)
    return PlannedStage(stage, treatment, state.attempt + (treatment is not Treatment.SKIP), state)


def _waiting(planned: PlannedStage) -> PlannedStage:
    """Return a stage of a run whose interrupted recovery comes first: only that one is carried out."""
    is_first = planned.stage.recovers and planned.treatment is Treatment.START_OVER
    return planned if is_first or planned.treatment is Treatment.SKIP else replace(planned, treatment=Treatment.WAIT)


def _treatment(stage: Stage, state: StageState, answer: Answer | None) -> Treatment:
    if stage.recovers:
        is_over = isinstance(state, NotStarted) or (
            isinstance(state, Finished) and state.outcome is not RunOutcome.STOPPED
        )
        return Treatment.IF_FAILED if is_over else Treatment.START_OVER
    if isinstance(state, NotStarted):
        return Treatment.START
    if is_done(state):
        return Treatment.SKIP
    if answer is Answer.DONE:
        return Treatment.COUNT_AS_DONE
    return Treatment.START_OVER if stage.is_repeatable or answer is Answer.REPEAT else Treatment.ASK
