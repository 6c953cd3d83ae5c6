"""A rebuild as a run: its stages, how far an earlier attempt came, how long it has taken.

Comes in: a plan of what is restored, a ledger. Goes out: runs; or why none can be resumed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_hex

from opspact.errors import Busy, NothingFound
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.store import Ledger
from opspact.recovery.rebuild_plan import RebuildPlan
from opspact.run.journal import Journal
from opspact.run.stage import Run, Stage, new_id
from opspact.run.state import Finished, NotStarted, RunState
from opspact.structs import Struct, replace

PROCEDURE = "rebuild"
CHECK, HOLD, APPLY, FILES, DATABASES, RELEASE, VERIFY, BACKUP = (
    *("check", "hold", "apply", "files", "databases"),
    *("release", "verify", "backup"),
)
"""The names of the stages."""


class RebuildRun(Struct):
    """One rebuild of a host: the name of its run, and how far earlier attempts came."""

    id: str
    host: str
    state: RunState = RunState()

    @property
    def is_resumed(self) -> bool:
        """Whether there was an attempt before."""
        return self.state.attempt > 0

    def run(self, plan: RebuildPlan) -> Run:
        """Given what is restored, return the run."""
        return Run(self.id, PROCEDURE, tuple(_stages(plan)), {"host": self.host})


def _stages(plan: RebuildPlan) -> list[Stage]:
    host = (plan.host,)
    return [
        Stage(CHECK, "check that the backup servers answer and that the host is bare"),
        Stage(HOLD, "keep backups and data care of the host from running", host),
        Stage(APPLY, "apply the policies"),
        *([Stage(FILES, "restore files", host)] if plan.has_files else []),
        *([Stage(DATABASES, "restore databases and compare their rows", host)] if plan.databases else []),
        Stage(RELEASE, "allow backups and data care again", host),
        Stage(VERIFY, "apply what needed the data, and verify the host"),
        Stage(BACKUP, "make new copies"),
    ]


def new_run(host: str, now: datetime) -> RebuildRun:
    """Given a host and the time, return a new run."""
    return RebuildRun(new_id(PROCEDURE, now, token_hex(3)), host)


def unfinished_run(ledger: Ledger, contract: str, host: str, *, now: datetime) -> RebuildRun:
    """Given a ledger, a contract's name, a host and the time, return the newest rebuild of the host, to be resumed.

    Raise NothingFound when that is done, or there was none; Busy when a process may carry it out still.
    """
    found = _newest_start(ledger, contract, host)
    journal = Journal(ledger, contract)
    state = journal.state(found.event.run) if found else RunState()
    if found is None or (state.end and state.end.outcome is RunOutcome.DONE):
        raise NothingFound(
            f"no rebuild of {host} is unfinished", hint=f"`opspact rebuild {host}` starts a new one, on a bare host"
        )
    if journal.is_at_work(found.event.run, now):
        raise Busy(
            f"run {found.event.run}, a rebuild of {host}, may still be running",
            hint="wait until it has finished, or stop its process",
        )
    return RebuildRun(found.event.run, host, _with_restores_open(state))


def _with_restores_open(state: RunState) -> RunState:
    """Return the state in which restores are gone through once more, as long as nothing on the host is live again.

    Policies may have been changed: what they name besides is restored, and what was restored is left as it is.
    """
    if _is_done(state, RELEASE):
        return state
    again = {name: NotStarted(state.of(name).attempt) for name in (FILES, DATABASES) if _is_done(state, name)}
    return replace(state, stages={**state.stages, **again})


def _is_done(state: RunState, stage: str) -> bool:
    found = state.of(stage)
    return isinstance(found, Finished) and found.outcome is RunOutcome.DONE


def _newest_start(ledger: Ledger, contract: str, host: str) -> Recorded[RunStarted] | None:
    starts = ledger.read(RunStarted, contract=contract, newest_first=True)
    return next(
        (it for it in starts if it.event.procedure == PROCEDURE and it.event.arguments.get("host") == host), None
    )


class RunTimes(Struct):
    """How long a run took, from its first start, and each of its stages, all attempts together."""

    total: timedelta
    stages: Mapping[str, timedelta]


def run_times(ledger: Ledger, contract: str, run: str, *, now: datetime) -> RunTimes:
    """Given a ledger, a contract's name, a run that was started and the time, return how long it has taken.

    The total has the time between two attempts in it: until then the host was not back.
    """
    subject = f"run/{run}"
    began = Journal(ledger, contract).first_start(run).at
    ended = ledger.newest_of(RunFinished, [subject], contract=contract).get(subject)
    done = ended is not None and ended.event.outcome is RunOutcome.DONE
    starts = {
        (it.event.stage, it.event.attempt): it.at
        for it in ledger.read(StageStarted, contract=contract, subject=subject)
    }
    stages: dict[str, timedelta] = {}
    for it in ledger.read(StageFinished, contract=contract, subject=subject):
        at = starts.get((it.event.stage, it.event.attempt))
        if at is not None:
            stages[it.event.stage] = stages.get(it.event.stage, timedelta()) + (it.at - at)
    return RunTimes((ended.at if ended and done else now) - began, stages)
