"""What the ledger says of runs: how far one has come, whether it may still be at work, which one waits to go on.

In: a ledger, the name of a run or a procedure, the time. Out: states.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from opspact.fleet import processes
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import (
    LeaseTaken,
    RunFinished,
    RunOutcome,
    RunRenewed,
    RunStarted,
    StageFinished,
    StageStarted,
)
from opspact.ledger.store import Ledger
from opspact.run.state import RunState, replay
from opspact.structs import Struct

E = TypeVar("E", RunFinished, RunRenewed, RunStarted)


StageRecord = Recorded[RunStarted | StageStarted | StageFinished | RunFinished]


class Journal(Struct):
    """The runs of one contract in a ledger."""

    ledger: Ledger
    contract: str

    def state(self, run: str) -> RunState:
        """Given a run's name, return how far it has come."""
        return replay(each.event for each in self.events(run))

    def events(self, run: str) -> list[StageRecord]:
        """Given a run's name, return what it has come through, in order."""
        found: list[StageRecord] = []
        for kind in (RunStarted, StageStarted, StageFinished, RunFinished):
            found += self.ledger.read(kind, contract=self.contract, subject=f"run/{run}")
        return sorted(found, key=lambda each: each.sequence)

    def last_runs(self, hosts: Iterable[str]) -> Mapping[str, str]:
        """Given hosts, return the run that had the lease of each last, where one had."""
        newest = self.ledger.newest_of(LeaseTaken, (f"host/{host}" for host in hosts), contract=self.contract)
        return {lease.event.host: lease.event.run for lease in newest.values()}

    def unfinished(self, procedure: str, runs: Iterable[str]) -> list[Recorded[RunStarted]]:
        """Given what was run, and runs, return the newest start of each of them that is not done, the newest first.

        Of the runs that had a host last, a run whose hosts all went to later ones is none: it is left behind.
        """
        ends = self._ends(procedure, runs)
        found = [started for started, end in ends if end is None or end.outcome is not RunOutcome.DONE]
        return sorted(found, key=lambda each: each.sequence, reverse=True)

    def first_start(self, run: str) -> Recorded[RunStarted]:
        """Given a run that was started, return its first start: who began it, and when."""
        return next(self.ledger.read(RunStarted, contract=self.contract, subject=f"run/{run}", limit=1))

    def stopped_runs(self, procedure: str, runs: Iterable[str]) -> tuple[Recorded[RunStarted], ...]:
        """Given what was run, and runs, return the newest start of each that nothing ended, or a signal did."""
        return tuple(
            started for started, end in self._ends(procedure, runs) if end is None or end.outcome is RunOutcome.STOPPED
        )

    def _ends(self, procedure: str, runs: Iterable[str]) -> Iterator[tuple[Recorded[RunStarted], RunFinished | None]]:
        """Yield the newest start of each run of a procedure, and how that attempt ended, if it did."""
        subjects = [f"run/{run}" for run in runs]
        started = self.ledger.newest_of(RunStarted, subjects, contract=self.contract)
        finished = self.ledger.newest_of(RunFinished, subjects, contract=self.contract)
        for subject, each in started.items():
            if each.event.procedure == procedure:
                yield each, _end_of(each.event, finished.get(subject))

    def is_at_work(self, run: str, now: datetime) -> bool:
        """Given a run's name, return whether a process may still carry it out."""
        started = self._newest(RunStarted, run)
        if started is None or _end_of(started.event, self._newest(RunFinished, run)):
            return False
        return not _is_dead(started.event, self._newest(RunRenewed, run), now)

    def _newest(self, kind: type[E], run: str) -> Recorded[E] | None:
        subject = f"run/{run}"
        return self.ledger.newest_of(kind, [subject], contract=self.contract).get(subject)


def _end_of(started: RunStarted, finished: Recorded[RunFinished] | None) -> RunFinished | None:
    """Return how an attempt ended, None while it has not: what is recorded may be of an earlier one."""
    return finished.event if finished and finished.event.attempt == started.attempt else None


def _is_dead(started: RunStarted, renewed: Recorded[RunRenewed] | None, now: datetime) -> bool:
    """Whether nobody has heard of an attempt for too long, or its process is known to have ended."""
    heard = renewed is not None and renewed.event.attempt == started.attempt
    until = max(started.until, renewed.event.until) if renewed is not None and heard else started.until
    return until < now or processes.is_known_dead(started.process)
