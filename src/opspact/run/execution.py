"""Carrying a run out: stage by stage, every border in the ledger before the next step is taken.

In: a run, what becomes of its stages, and the work of each. Out: how it ended, which the ledger knows too, whatever
ended it: success, an error, a signal.
"""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from types import TracebackType

from opspact.errors import AlreadyRecorded, Busy, OpspactError
from opspact.fleet import processes, signals
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage, Treatment, refuse_unanswered
from opspact.run.stage import Run
from opspact.structs import Struct, field

_LONGEST_DETAIL = 1000


class StageResult(Struct):
    """How a stage, or a run, ended. `detail` says why it did not succeed; `signal` which signal ended it (0: none).

    `recover`: the stage that recovers this one is to be carried out.
    """

    outcome: RunOutcome = RunOutcome.DONE
    detail: str = ""
    signal: int = 0
    recover: bool = False


Work = Callable[[Leases], StageResult]
"""What carries a stage out. It takes the leases of hosts before it writes there, and records by them alone."""


class Execution(Struct):
    """One attempt of a run. `planned` is the list that a dry run shows; `leases` are this attempt's."""

    run: Run
    planned: tuple[PlannedStage, ...]
    leases: Leases
    stops: Callable[[], StageResult | None] = lambda: None
    """Asked after each stage that is done: how the run ends at this border, if it does."""
    opening: tuple[EventType, ...] = ()
    """What is recorded besides when the attempt begins: all of it, or nothing has begun."""
    _open: list[RunStarted | PlannedStage] = field(default_factory=list)
    """What has begun and not ended: the attempt itself, and the stage that is carried out."""

    def carry_out(self, work: Mapping[str, Work]) -> StageResult:
        """Given the work of each stage by its name, carry out what is not done, in order; return how the run ended.

        A stage that does not succeed ends the run, after the stage that recovers it, if that is asked for. Raise
        Unanswered, with nothing done, when a person must be asked first; Busy when another process has begun the same
        attempt; KeyError for a stage without work. Whatever the work raises is recorded as the end of the stage and of
        the run, and passes on.
        """
        refuse_unanswered(self.run, self.planned)
        todo = [stage for stage in self.planned if stage.treatment in {Treatment.START, Treatment.START_OVER}]
        names = {stage.stage.name for stage in todo}
        recoveries = (it for it in self.planned if it.treatment is Treatment.IF_FAILED)
        recovery = {it.stage.recovers: it for it in recoveries if it.stage.recovers in names}
        works = {stage.stage.name: work[stage.stage.name] for stage in (*todo, *recovery.values())}
        with ExitStack() as stack:
            stack.push(self._record_end)
            self._begin(todo[:1])
            result = last = StageResult()
            with self.leases.renewed():
                for stage, following in zip(todo, [*todo[1:], None], strict=False):
                    result = last = works[stage.stage.name](self.leases)
                    back = recovery.get(stage.stage.name) if result.recover else None
                    if back is not None:
                        self._record_border(stage, result, back)
                        last = works[back.stage.name](self.leases)
                        result = _with_recovery(result, last)
                    elif stage.stage.recovers:
                        result = _with_recovery(StageResult(RunOutcome.FAILED, f"{stage.stage.recovers} failed"), last)
                    if following is None or result.outcome is not RunOutcome.DONE:
                        break
                    if (stopped := self.stops()) is not None:
                        result = stopped
                        break
                    self._record_border(stage, result, following)
            self._finish(result, of_stage=last)
        return result

    def _begin(self, first: list[PlannedStage]) -> None:
        """Record that the attempt has begun, what a person says is done, and that the first stage has begun."""
        started = RunStarted(
            run=self.run.id,
            procedure=self.run.procedure,
            stages=tuple(stage.name for stage in self.run.stages),
            until=self.leases.until(),
            hosts=self.run.hosts,
            arguments=self.run.arguments,
            attempt=self.leases.attempt,
            process=processes.identity(os.getpid()),
        )
        said = (stage for stage in self.planned if stage.treatment is Treatment.COUNT_AS_DONE)
        events = [
            started,
            *self.opening,
            *(event for stage in said for event in self._counted(stage)),
            *map(self._started, first),
        ]
        with signals.hold():
            try:
                self.leases.start(events)
            except AlreadyRecorded as error:
                raise Busy(
                    f"another process is executing run {self.run.id}", hint="try again when it has finished"
                ) from error
            self._open[:] = [started, *first]

    def _record_border(self, stage: PlannedStage, result: StageResult, following: PlannedStage) -> None:
        """Record how a stage ended and that the next one begins; give back the hosts that no later stage needs."""
        with signals.hold():
            self.leases.record_border([self._finished(stage, result), self._started(following)])
            self._open[-1] = following
        later = self.planned[self.planned.index(following) :]
        needed = {host for each in later for host in each.stage.hosts}
        self.leases.release(host for host in stage.stage.hosts if host not in needed)

    def _finish(self, result: StageResult, *, of_stage: StageResult | None = None) -> None:
        """Record the end of what has begun, once: of the stage, where that differs from the run's, and of the run."""
        with signals.hold():
            self.leases.record_border(
                self._end_of(each, of_stage if of_stage and isinstance(each, PlannedStage) else result)
                for each in reversed(self._open)
            )
            self._open.clear()

    def _record_end(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Record what was raised, if anything was, as the end of what has begun, if that can still be."""
        if error is not None:
            with suppress(OpspactError):  # the ledger is away, or the run was taken over: the first error is the one
                self._finish(_result_of(error))

    def _started(self, stage: PlannedStage) -> StageStarted:
        return StageStarted(self.run.id, stage.stage.name, stage.attempt)

    def _finished(self, stage: PlannedStage, result: StageResult) -> StageFinished:
        return StageFinished(self.run.id, stage.stage.name, result.outcome, result.detail, stage.attempt)

    def _end_of(self, begun: RunStarted | PlannedStage, result: StageResult) -> EventType:
        if isinstance(begun, PlannedStage):
            return self._finished(begun, result)
        return RunFinished(self.run.id, result.outcome, result.detail, result.signal, begun.attempt)

    def _counted(self, stage: PlannedStage) -> tuple[StageStarted, StageFinished]:
        by = f"{self.leases.context().actor} reported it as done"
        return self._started(stage), self._finished(stage, StageResult(detail=by))


def _with_recovery(failed: StageResult, recovery: StageResult) -> StageResult:
    """Return how a run ended whose stage failed and was recovered, or not: a signal during that is the run's end."""
    words = recovery.detail or ("recovered" if recovery.outcome is RunOutcome.DONE else "not recovered")
    end = recovery if recovery.outcome is RunOutcome.STOPPED else failed
    return StageResult(end.outcome, f"{failed.detail}; {words}", end.signal)


def _result_of(error: BaseException) -> StageResult:
    if isinstance(error, EndedBySignal):
        return StageResult(RunOutcome.STOPPED, signal.Signals(error.number).name, error.number)
    words = str(error) if isinstance(error, OpspactError) else f"{type(error).__name__}: {error}"
    return StageResult(RunOutcome.FAILED, words[:_LONGEST_DETAIL])
