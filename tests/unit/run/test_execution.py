"""Carrying runs out: borders in the ledger, whatever ends them; what is shown before is what is carried out."""

import signal
from collections.abc import Callable

import pytest
from runs import CONTRACT, execution, is_done, leases, work

from opspact.errors import Busy, LeaseLost, Refused
from opspact.fleet import signals
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.job_events import HostReach
from opspact.ledger.run_events import LeaseReleased, RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.store import Ledger
from opspact.run.execution import StageResult, Work
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.run.resume import Answer, Treatment, Unanswered
from opspact.run.stage import Run, Stage
from opspact.run.state import Finished, Unfinished
from opspact.steps.check import Reach

DONE, FAILED, STOPPED = RunOutcome.DONE, RunOutcome.FAILED, RunOutcome.STOPPED
RUN = Run(
    "r1",
    "rebuild",
    (
        Stage("install", "installs packages", ("app1", "db1")),
        Stage("restore", "restores the database", ("db1",), is_repeatable=False),
        Stage("check", "checks the database", ("db1",)),
    ),
    {"limit": "db"},
)


class Recorder:
    """Work for each stage that notes which was carried out; one of them may do something else."""

    def __init__(self, **special: Work) -> None:
        self.carried_out: list[str] = []
        self._special = special

    def work(self) -> dict[str, Work]:
        return {stage.name: self._of(stage.name) for stage in RUN.stages}

    def _of(self, name: str) -> Work:
        def carry_out(held: Leases) -> StageResult:
            self.carried_out.append(name)
            return self._special[name](held) if name in self._special else StageResult()

        return carry_out


def raising(error: BaseException) -> Work:
    def raise_it(_held: Leases) -> StageResult:
        raise error

    return raise_it


def kinds(ledger: Ledger) -> list[str]:
    return [f"{each.event.kind} {getattr(each.event, 'stage', '')}".strip() for each in ledger.read_any()]


def ends(ledger: Ledger) -> list[tuple[RunOutcome, int, int]]:
    found = ledger.read(RunFinished, contract=CONTRACT)
    return [(each.event.outcome, each.event.signal, each.event.attempt) for each in found]


def test_every_border_is_recorded_in_order(ledger: Ledger) -> None:
    recorder = Recorder()
    result = execution(ledger, RUN).carry_out(recorder.work())

    assert result == StageResult(DONE)
    assert recorder.carried_out == ["install", "restore", "check"]
    assert kinds(ledger) == [
        "run.started",
        "stage.started install",
        "stage.finished install",
        "stage.started restore",
        "stage.finished restore",
        "stage.started check",
        "stage.finished check",
        "run.finished",
    ]
    (started,) = ledger.read(RunStarted, contract=CONTRACT)
    assert (started.event.stages, started.event.hosts) == (("install", "restore", "check"), ("app1", "db1"))
    assert started.event.arguments == {"limit": "db"}
    assert is_done(Journal(ledger, CONTRACT).state("r1"))


def test_a_stage_knows_when_it_runs_that_its_start_is_recorded(ledger: Ledger) -> None:
    seen = {}

    def look(name: str) -> Work:
        return work(lambda _held: seen.update({name: Journal(ledger, CONTRACT).state("r1").of(name)}))

    recorder = Recorder(**{stage.name: look(stage.name) for stage in RUN.stages})
    execution(ledger, RUN).carry_out(recorder.work())
    assert seen == dict.fromkeys(recorder.carried_out, Unfinished(1))


def test_what_is_shown_before_is_what_is_carried_out(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="broken"):
        execution(ledger, RUN).carry_out(Recorder(check=raising(ValueError("broken"))).work())

    again, recorder = execution(ledger, RUN), Recorder()
    shown = [each.stage.name for each in again.planned if each.treatment is not Treatment.SKIP]
    again.carry_out(recorder.work())
    assert shown == recorder.carried_out == ["check"]


@pytest.mark.parametrize("outcome", [FAILED, STOPPED])
def test_a_stage_that_does_not_succeed_ends_the_run(ledger: Ledger, outcome: RunOutcome) -> None:
    ended = StageResult(outcome, "app1 failed", 15 if outcome is STOPPED else 0)
    recorder = Recorder(install=lambda _held: ended)

    assert execution(ledger, RUN).carry_out(recorder.work()) == ended
    assert recorder.carried_out == ["install"]
    assert ends(ledger) == [(outcome, ended.signal, 1)]
    assert Journal(ledger, CONTRACT).state("r1").of("install") == Finished(1, outcome, "app1 failed")


@pytest.mark.parametrize(
    ("error", "end", "detail"),
    [
        (Refused("no such host"), (FAILED, 0, 1), "no such host"),
        (ZeroDivisionError("by zero"), (FAILED, 0, 1), "ZeroDivisionError: by zero"),
        (EndedBySignal(signal.SIGTERM), (STOPPED, 15, 1), "SIGTERM"),
        (EndedBySignal(signal.SIGHUP), (STOPPED, 1, 1), "SIGHUP"),
    ],
)
def test_whatever_ends_a_stage_is_recorded_and_passes_on(
    ledger: Ledger, error: BaseException, end: tuple[RunOutcome, int, int], *, detail: str
) -> None:
    with pytest.raises(type(error)):
        execution(ledger, RUN).carry_out(Recorder(restore=raising(error)).work())

    assert ends(ledger) == [end]
    state = Journal(ledger, CONTRACT).state("r1")
    assert (state.of("install"), state.of("restore")) == (Finished(1, DONE), Finished(1, end[0], detail))


@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_at_any_border_is_recorded_as_the_end(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The signal comes while a border is being recorded: that border holds, and the end is recorded after it."""
    record = Ledger.record_all
    borders = range(4)
    for border in borders:
        run = Run(f"s{border}", RUN.procedure, RUN.stages)
        count = iter(range(100))

        def interrupted(self: Ledger, *arguments: object, **options: object) -> object:
            if next(count) == border:  # noqa: B023 - used up within this round
                signal.raise_signal(number)
            return record(self, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Ledger, "record_all", interrupted)
        with pytest.raises(EndedBySignal), signals.raise_on_signal():
            execution(ledger, run).carry_out(Recorder().work())
        monkeypatch.undo()
        state = Journal(ledger, CONTRACT).state(run.id)
        assert state.end is not None
        assert (state.end.outcome, state.end.signal) == ((STOPPED, number) if border < borders[-1] else (DONE, 0))
        assert not any(isinstance(each, Unfinished) for each in state.stages.values())


def test_a_run_goes_on_after_what_is_done(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        execution(ledger, RUN).carry_out(Recorder(check=raising(ZeroDivisionError())).work())
    recorder = Recorder()
    execution(ledger, RUN).carry_out(recorder.work())

    assert recorder.carried_out == ["check"]
    assert ends(ledger) == [(FAILED, 0, 1), (DONE, 0, 2)]
    nothing = Recorder()
    assert execution(ledger, RUN).carry_out(nothing.work()) == StageResult(DONE)
    assert nothing.carried_out == []


@pytest.mark.parametrize(("answer", "carried_out"), [(Answer.DONE, ["check"]), (Answer.REPEAT, ["restore", "check"])])
def test_what_must_not_be_repeated_is_asked_about_and_the_answer_is_recorded(
    ledger: Ledger, answer: Answer, carried_out: list[str]
) -> None:
    with pytest.raises(EndedBySignal):
        execution(ledger, RUN).carry_out(Recorder(restore=raising(EndedBySignal(signal.SIGINT))).work())
    before = ledger.head()
    asked = Recorder()
    with pytest.raises(Unanswered):
        execution(ledger, RUN).carry_out(asked.work())
    assert (asked.carried_out, ledger.head()) == ([], before)

    recorder = Recorder()
    execution(ledger, RUN, answers={"restore": answer}).carry_out(recorder.work())
    assert recorder.carried_out == carried_out
    (*_, restored) = [it.event for it in ledger.read(StageFinished, contract=CONTRACT) if it.event.stage == "restore"]
    assert (restored.outcome, restored.attempt) == (DONE, 2)
    assert restored.detail == ("li-na reported it as done" if answer is Answer.DONE else "")


def test_two_processes_cannot_begin_the_same_attempt(ledger: Ledger) -> None:
    first, second = execution(ledger, RUN), execution(ledger, RUN)
    late = Recorder()

    def begin_too(_held: Leases) -> StageResult:
        with pytest.raises(Busy):
            second.carry_out(late.work())
        return StageResult()

    assert first.carry_out(Recorder(install=begin_too).work()) == StageResult(DONE)
    assert late.carried_out == []
    assert ends(ledger) == [(DONE, 0, 1)]


def test_a_run_that_was_resumed_elsewhere_records_nothing_more(ledger: Ledger) -> None:
    later = Recorder()

    def overtaken(_held: Leases) -> StageResult:
        execution(ledger, RUN).carry_out(later.work())
        return StageResult()

    with pytest.raises(LeaseLost):
        execution(ledger, RUN).carry_out(Recorder(install=overtaken).work())
    assert later.carried_out == ["install", "restore", "check"]
    assert ends(ledger) == [(DONE, 0, 2)]
    assert kinds(ledger)[-1] == "run.finished"


def test_hosts_that_no_later_stage_needs_are_given_back_at_the_border(ledger: Ledger) -> None:
    held_by_stage = []

    def take(held: Leases) -> StageResult:
        held.take(dict.fromkeys(("app1", "db1"), 0))
        return StageResult()

    def look(held: Leases) -> StageResult:
        held_by_stage.append(held.tokens)
        return StageResult()

    execution(ledger, RUN).carry_out(Recorder(install=take, restore=look, check=look).work())
    assert held_by_stage == [{"db1": 1}, {"db1": 1}]
    assert [each.event.host for each in ledger.read(LeaseReleased, contract=CONTRACT)] == ["app1"]


def test_a_stage_without_work_is_a_fault_before_anything_is_recorded(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        execution(ledger, RUN).carry_out({"install": work(print)})
    assert kinds(ledger) == []


# Which run waits to go on


def left(ledger: Ledger, run: str, *, hosts: tuple[str, ...], outcome: RunOutcome) -> None:
    stage = Stage("converge", "converges hosts", hosts)

    def end(held: Leases) -> StageResult:
        held.take(dict.fromkeys(hosts, 0))
        return StageResult(outcome)

    execution(ledger, Run(run, "apply", (stage,))).carry_out({"converge": end})


def killed(ledger: Ledger, run: str, hosts: tuple[str, ...]) -> None:
    held = leases(ledger, run)
    started = RunStarted(run, "apply", ("converge",), held.until(), hosts=hosts, process="elsewhere")
    held.start([started, StageStarted(run, "converge")])
    held.take(dict.fromkeys(hosts, 0))


def taking_web1(held: Leases) -> StageResult:
    held.take({"web1": 0})
    return StageResult(FAILED)


RUNS: dict[str, Callable[[Ledger], None]] = {
    "": lambda _ledger: None,
    "r1": lambda ledger: killed(ledger, "r1", ("app1",)),
    "r2": lambda ledger: left(ledger, "r2", hosts=("app1",), outcome=FAILED),
    "r3": lambda ledger: left(ledger, "r3", hosts=("app1",), outcome=STOPPED),
    "d1": lambda ledger: left(ledger, "d1", hosts=("app1",), outcome=DONE),
    "d2": lambda ledger: left(ledger, "d2", hosts=("db1",), outcome=DONE),
    "w1": lambda ledger: killed(ledger, "w1", ("app1", "db1")),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([], ""),
        (["d1"], ""),
        (["r1"], "r1"),
        (["r2"], "r2"),
        (["r1", "r3"], "r3"),
        (["r1", "d1"], ""),
        (["d1", "r1"], "r1"),
        (["r1", "d2"], "r1"),
        (["w1", "d1"], "w1"),
        (["w1", "d1", "d2"], ""),
        (["w1", "r2"], "r2"),
        (["w1", "r2", "d1"], "w1"),
    ],
)
def test_the_newest_run_that_is_not_done_waits_unless_later_ones_did_its_work(
    ledger: Ledger, happened: list[str], expected: str
) -> None:
    other = Run("b1", RUN.procedure, RUN.stages)
    execution(ledger, other).carry_out(Recorder(install=taking_web1).work())
    for name in happened:
        RUNS[name](ledger)

    journal = Journal(ledger, CONTRACT)
    found = journal.unfinished("apply", journal.last_runs(["app1", "db1", "web1"]).values())
    assert next((each.event.run for each in found), "") == expected


def test_a_run_of_this_very_process_is_at_work_until_it_ends(ledger: Ledger) -> None:
    seen = []
    journal = Journal(ledger, CONTRACT)

    def look(held: Leases) -> StageResult:
        seen.append(journal.is_at_work("r1", held.context().at))
        held.record([HostReach("app1", Reach.DOWN)])
        return StageResult()

    execution(ledger, RUN).carry_out(Recorder(install=look).work())
    assert seen == [True]
    assert not journal.is_at_work("r1", leases(ledger, "r1").context().at)


GUARDED = Run(
    "r2",
    "apply",
    (
        Stage("first", "the canary", ("app1",)),
        Stage("back", "as before", ("app1",), recovers="first"),
        Stage("second", "the rest", ("app2",)),
    ),
)


def guarded(ledger: Ledger, first: StageResult, back: Work) -> tuple[StageResult, list[str]]:
    """Carry the guarded run out; return how it ended, and what was recorded of its stages, with the outcomes."""
    works = {"first": lambda _held: first, "back": back, "second": work(lambda _held: None)}
    result = execution(ledger, GUARDED).carry_out(works)
    ends = ledger.read(StageFinished, contract=CONTRACT)
    return result, [f"{each.event.stage} {each.event.outcome.value}" for each in ends]


def test_a_recovery_is_carried_out_when_its_stage_asks_for_it_and_the_run_has_failed(ledger: Ledger) -> None:
    gate = StageResult(FAILED, "1 of 1 failed", recover=True)
    result, stages = guarded(ledger, gate, work(lambda _held: None))
    assert (result.outcome, stages) == (FAILED, ["first failed", "back done"])
    assert result.detail == "1 of 1 failed; recovered"
    assert ends(ledger) == [(FAILED, 0, 1)]


@pytest.mark.parametrize("first", [StageResult(), StageResult(detail="1 of 9 failed")])
def test_a_recovery_is_not_carried_out_without_need(ledger: Ledger, first: StageResult) -> None:
    result, stages = guarded(ledger, first, raising(AssertionError("not needed")))
    assert (result.outcome, stages) == (DONE, ["first done", "second done"])
    found = ledger.read(StageFinished, contract=CONTRACT)
    assert [each.event.detail for each in found] == [first.detail, ""]


def test_a_stage_that_fails_without_asking_for_recovery_ends_the_run(ledger: Ledger) -> None:
    _, stages = guarded(ledger, StageResult(FAILED, "no"), raising(AssertionError("not asked for")))
    assert stages == ["first failed"]


def test_a_recovery_that_fails_says_so(ledger: Ledger) -> None:
    gate = StageResult(FAILED, "1 of 1 failed", recover=True)
    result, stages = guarded(ledger, gate, lambda _held: StageResult(FAILED, "no copy"))
    assert (result.detail, stages) == ("1 of 1 failed; no copy", ["first failed", "back failed"])


def test_an_interrupted_recovery_is_completed_before_anything_else(ledger: Ledger) -> None:
    gate = StageResult(FAILED, "1 of 1 failed", recover=True)
    with pytest.raises(EndedBySignal):
        guarded(ledger, gate, raising(EndedBySignal(signal.SIGINT)))
    result, stages = guarded(ledger, StageResult(), work(lambda _held: None))
    assert (result.outcome, stages) == (FAILED, ["first failed", "back stopped", "back done"])
    result, stages = guarded(ledger, StageResult(), raising(AssertionError("not needed")))
    assert (result.outcome, stages[-2:]) == (DONE, ["first done", "second done"])
