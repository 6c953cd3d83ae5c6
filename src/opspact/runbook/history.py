"""Runs of runbooks, as the ledger has them: how far one has come, which ones are not done.

Comes in: a ledger, a contract's name. Goes out: runs.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice, pairwise

from opspact.errors import Busy, NothingFound, Refused
from opspact.ledger.events import E, Recorded
from opspact.ledger.run_events import RunFinished, RunOutcome, StageFinished, StageStarted
from opspact.ledger.runbook_events import (
    RunbookAbandoned,
    RunbookAnswered,
    RunbookStarted,
    RunbookStepEnded,
    RunbookTarget,
)
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.policies.runbook import CLOSE
from opspact.run.journal import Journal, StageRecord
from opspact.run.state import Finished, NotStarted, RunState, replay
from opspact.runbook.flow import ROLLBACK, WAITING
from opspact.runbook.procedure import Procedure, procedure
from opspact.runbook.request import find_runbook
from opspact.structs import Struct


class OpenStages(Struct):
    """What a process left open that was ended: `stages` that were begun and have no result.

    `steps`: results, by their sequence numbers, after which the stage did not come to its end.
    """

    stages: frozenset[str] = frozenset()
    steps: frozenset[int] = frozenset()


class RunbookRun(Struct):
    """One run: how it was started, the state of its stages, what its steps came to, what was answered.

    `is_alive`: a process may carry it out now.
    """

    started: Recorded[RunbookStarted]
    state: RunState
    steps: tuple[Recorded[RunbookStepEnded], ...]
    answers: tuple[Recorded[RunbookAnswered], ...]
    is_alive: bool
    is_abandoned: bool = False
    interrupted: OpenStages = OpenStages()

    @property
    def id(self) -> str:
        """The run's name."""
        return self.started.event.run

    @property
    def is_rolled_back(self) -> bool:
        """Whether its steps were taken back, all of them."""
        back = any(each.event.following == ROLLBACK for each in self.steps)
        return back and not isinstance(self.state.of(CLOSE), NotStarted)

    @property
    def is_over(self) -> bool:
        """Whether nobody goes on with it: it is done, rolled back or abandoned."""
        done = self.state.end is not None and self.state.end.outcome is RunOutcome.DONE
        return done or self.is_abandoned or self.is_rolled_back

    @property
    def word(self) -> str:
        """What it is, in a word or two."""
        end = self.state.end
        if self.is_abandoned:
            return "abandoned"
        if self.is_rolled_back:
            return "rolled back"
        if end is None:
            return "running" if self.is_alive else "interrupted"
        if end.outcome is RunOutcome.STOPPED:
            return WAITING if is_waiting(end) else "stopped"
        return end.outcome.value


def is_waiting(end: RunFinished | StageFinished | Finished) -> bool:
    """Given how a run or a stage ended, return whether it waits for somebody, as the engine says it."""
    return end.outcome is RunOutcome.STOPPED and end.detail.startswith(WAITING)


def read_started(ledger: Ledger, contract: str, run: str) -> Recorded[RunbookStarted]:
    """Given a run's name, return how it was started. Raise NothingFound when there is none."""
    found = next(ledger.read(RunbookStarted, contract=contract, subject=f"run/{run}"), None)
    if found is None:
        raise NothingFound(f"there is no run {run} of a runbook", hint="`opspact runbook list --runs` shows them")
    return found


def read_run(ledger: Ledger, contract: str, run: str, *, now: datetime) -> RunbookRun:
    """Given a run's name, return it. Raise NothingFound when there is none."""

    def events(kind: type[E]) -> Iterator[Recorded[E]]:
        return ledger.read(kind, contract=contract, subject=f"run/{run}")

    found, journal = read_started(ledger, contract, run), Journal(ledger, contract)
    steps, way = tuple(events(RunbookStepEnded)), journal.events(run)
    return RunbookRun(
        started=found,
        state=replay(each.event for each in way),
        steps=steps,
        answers=tuple(events(RunbookAnswered)),
        is_alive=journal.is_at_work(run, now),
        is_abandoned=next(events(RunbookAbandoned), None) is not None,
        interrupted=_open_stages([*steps, *way]),
    )


def _open_stages(events: Iterable[Recorded[RunbookStepEnded] | StageRecord]) -> OpenStages:
    """Given the events of a run, return what was left open."""
    by_stage: dict[str, list[Recorded[RunbookStepEnded] | StageRecord]] = {}
    for each in sorted(events, key=lambda it: it.sequence):
        match each.event:
            case RunbookStepEnded(step=name) | StageStarted(stage=name) | StageFinished(stage=name):
                by_stage.setdefault(name, []).append(each)
    stages, steps = set[str](), set[int]()
    for name, found in by_stage.items():
        starts = [at for at, each in enumerate(found) if isinstance(each.event, StageStarted)]
        for start, end in pairwise([*starts, len(found)]):
            results = {each.sequence for each in found[start:end] if isinstance(each.event, RunbookStepEnded)}
            ends = [each.event for each in found[start:end] if isinstance(each.event, StageFinished)]
            if not results and not any(map(is_waiting, ends)):  # whoever waits has done nothing
                stages.add(name)
            if not ends:
                steps |= results
    return OpenStages(frozenset(stages), frozenset(steps))


def newest_runs(ledger: Ledger, contract: str, runbook: str, *, now: datetime, limit: int) -> list[RunbookRun]:
    """Given a runbook's name (empty: all), return its newest runs, the newest first, so many at most."""
    began = ledger.read(RunbookStarted, contract=contract, newest_first=True)
    names = (each.event.run for each in began if runbook in {"", each.event.runbook})
    return [read_run(ledger, contract, name, now=now) for name in list(islice(names, limit))]


def run_procedure(contract: Contract, found: RunbookRun) -> Procedure:
    """Given a run, return its procedure by these policies. Raise Refused when its runbook is another one now."""
    started = found.started.event
    runbook = find_runbook(contract, started.runbook)
    made = procedure(contract, runbook, started.targets, inputs=started.inputs)
    if made.digest != started.digest:
        raise Refused(
            f"runbook {runbook.name} was changed since run {found.id} began",
            hint=f"use the policies of commit {found.started.commit[:12]}, or abandon the run and start a new one",
        )
    return made


class NewRun(Struct):
    """A run that is to start: its name, its runbook, the hosts that it is for."""

    id: str
    runbook: str
    targets: tuple[str, ...]


def claimed_targets(ledger: Ledger, contract: str, new: NewRun, *, now: datetime) -> tuple[RunbookTarget, ...]:
    """Given a run that is to start, return what claims its targets: the database lets one run have each.

    Raise Busy when a run of the runbook for one of them is going on, Refused when one is to be resumed first.
    """
    claims = []
    for host in new.targets:
        subject = f"runbook/{new.runbook}/{host}"
        newest = ledger.newest_of(RunbookTarget, [subject], contract=contract).get(subject)
        if newest is not None:
            _refuse_open(read_run(ledger, contract, newest.event.run, now=now), newest.event)
        claims.append(RunbookTarget(new.runbook, host, newest.event.number + 1 if newest else 1, new.id))
    return tuple(claims)


def _refuse_open(before: RunbookRun, target: RunbookTarget) -> None:
    end = before.state.end
    if before.is_over or (end is not None and end.outcome is RunOutcome.FAILED):
        return
    what = f"{target.runbook} for {target.host}"
    if before.is_alive:
        words = f"{before.started.actor} is running {what}: run {before.id}"
        raise Busy(words, hint="wait until it has ended, or stop it")
    raise Refused(
        f"run {before.id} of {what} is {before.word}",
        hint=(
            f"`opspact runbook resume {before.id}` goes on with it, "
            f"`opspact runbook abandon {before.id} --reason TEXT` gives it up"
        ),
    )


def run_to_resume(found: RunbookRun) -> RunbookRun:
    """Given a run, return it. Raise Refused when it is over, Busy when a process may carry it out."""
    if found.is_over:
        raise Refused(f"run {found.id} is {found.word}", hint="start a new run")
    if found.is_alive:
        raise Busy(f"run {found.id} may still be running", hint="wait until it has ended, or stop its process")
    return found


def reclaimed_targets(ledger: Ledger, contract: str, found: RunbookRun) -> tuple[RunbookTarget, ...]:
    """Given a run that goes on, return what claims its targets again: of two that begin at once, one has each.

    Raise Refused when a later run of its runbook has begun for one of them: what this one would go on from has changed.
    """
    started, claims = found.started.event, []
    for host in started.targets:
        subject = f"runbook/{started.runbook}/{host}"
        newest = ledger.newest_of(RunbookTarget, [subject], contract=contract)[subject].event
        if newest.run != found.id:
            raise Refused(
                f"run {newest.run} of {started.runbook} for {host} began after run {found.id}",
                hint=f"go on with that one; `opspact runbook abandon {found.id} --reason TEXT` gives this one up",
            )
        claims.append(RunbookTarget(started.runbook, host, newest.number + 1, found.id))
    return tuple(claims)


def last_results(found: RunbookRun, step: str) -> str:
    """Given a run and the name of a step, return how its last attempt ended on each of several hosts; else nothing."""
    events = [each.event for each in found.steps if each.event.step == step]
    newest = [event for event in events if event.attempt == events[-1].attempt]
    words = [f"{each.host} {each.outcome.value}{f': {each.detail}' if each.detail else ''}" for each in newest]
    return "; ".join(words) if len(newest) > 1 else ""


def last_detail(found: RunbookRun) -> str:
    """Return why a run is where it is, in the words of the stage that ended it."""
    details = [state.detail for state in found.state.stages.values() if isinstance(state, Finished) and state.detail]
    return found.state.end.detail if found.state.end else (details[-1] if details else "")
