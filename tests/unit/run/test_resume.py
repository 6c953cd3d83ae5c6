"""What becomes of each stage when a run starts or goes on."""

import pytest

from opspact.errors import Refused
from opspact.ledger.run_events import RunOutcome
from opspact.run.resume import Answer, Treatment, Unanswered, refuse_unanswered, resume
from opspact.run.stage import Run, Stage
from opspact.run.state import Finished, NotStarted, RunState, StageState, Unfinished

RUN = Run(
    "r1",
    "rebuild",
    (
        Stage("install", "installs packages", ("app1",)),
        Stage("restore", "restores the database", ("app1",), is_repeatable=False),
    ),
)
DONE, FAILED, STOPPED = RunOutcome.DONE, RunOutcome.FAILED, RunOutcome.STOPPED
SKIP, START, OVER, COUNT, ASK = (
    Treatment.SKIP,
    Treatment.START,
    Treatment.START_OVER,
    Treatment.COUNT_AS_DONE,
    Treatment.ASK,
)


def treated(install: StageState, restore: StageState, answer: Answer | None = None) -> list[tuple[Treatment, int]]:
    answers = {"restore": answer} if answer else None
    planned = resume(RUN, RunState(1, {"install": install, "restore": restore}), answers)
    assert [each.stage for each in planned] == list(RUN.stages)
    return [(each.treatment, each.attempt) for each in planned]


@pytest.mark.parametrize(
    ("install", "restore", "expected"),
    [
        (NotStarted(), NotStarted(), [(START, 1), (START, 1)]),
        (Finished(1, DONE), NotStarted(), [(SKIP, 1), (START, 1)]),
        (Unfinished(1), NotStarted(), [(OVER, 2), (START, 1)]),
        (Finished(1, FAILED), NotStarted(), [(OVER, 2), (START, 1)]),
        (Finished(4, STOPPED), NotStarted(), [(OVER, 5), (START, 1)]),
        (Finished(2, DONE), Unfinished(1), [(SKIP, 2), (ASK, 2)]),
        (Finished(1, DONE), Finished(1, FAILED), [(SKIP, 1), (ASK, 2)]),
        (Finished(1, DONE), Finished(1, STOPPED), [(SKIP, 1), (ASK, 2)]),
        (Finished(1, DONE), Finished(3, DONE), [(SKIP, 1), (SKIP, 3)]),
    ],
)
def test_done_is_skipped_what_may_be_repeated_starts_over_and_the_rest_is_asked(
    install: StageState, restore: StageState, expected: list[tuple[Treatment, int]]
) -> None:
    assert treated(install, restore) == expected


def test_an_answer_decides_what_becomes_of_a_stage_that_must_not_be_repeated() -> None:
    done, before = Finished(1, DONE), Unfinished(1)

    assert treated(done, before, Answer.DONE) == [(SKIP, 1), (COUNT, 2)]
    assert treated(done, before, Answer.REPEAT) == [(SKIP, 1), (OVER, 2)]


def test_an_answer_about_a_stage_that_has_not_begun_or_is_done_changes_nothing() -> None:
    assert treated(NotStarted(), NotStarted(), Answer.DONE) == [(START, 1), (START, 1)]
    assert treated(NotStarted(), Finished(1, DONE), Answer.REPEAT) == [(START, 1), (SKIP, 1)]


def test_an_answer_about_a_stage_of_another_run_is_refused() -> None:
    with pytest.raises(Refused, match="no stage restor"):
        resume(RUN, RunState(), {"restor": Answer.DONE})


@pytest.mark.parametrize("before", [Unfinished(1), Finished(1, FAILED)])
def test_a_run_does_not_go_on_before_its_question_is_answered(before: StageState) -> None:
    state = RunState(1, {"install": Finished(1, DONE), "restore": before})

    with pytest.raises(Unanswered, match="restores the database"):
        refuse_unanswered(RUN, resume(RUN, state))
    for answer in Answer:
        refuse_unanswered(RUN, resume(RUN, state, {"restore": answer}))


GUARDED = Run(
    "r1",
    "apply",
    (
        Stage("wave-1", "the canary", ("app1",)),
        Stage("rollback-1", "back", ("app1",), recovers="wave-1"),
        Stage("wave-2", "the rest", ("app2",)),
    ),
)


@pytest.mark.parametrize(
    ("wave", "back", "expected"),
    [
        (NotStarted(), NotStarted(), [START, Treatment.IF_FAILED, START]),
        (Finished(1, FAILED), Finished(1, DONE), [OVER, Treatment.IF_FAILED, START]),
        (Finished(1, FAILED), Finished(1, FAILED), [OVER, Treatment.IF_FAILED, START]),
        (Finished(1, FAILED), Unfinished(1), [Treatment.WAIT, OVER, Treatment.WAIT]),
        (Finished(1, FAILED), Finished(1, STOPPED), [Treatment.WAIT, OVER, Treatment.WAIT]),
    ],
)
def test_a_recovery_waits_for_a_failure_unless_it_was_interrupted(
    wave: StageState, back: StageState, expected: list[Treatment]
) -> None:
    planned = resume(GUARDED, RunState(1, {"wave-1": wave, "rollback-1": back}))
    assert [each.treatment for each in planned] == expected
