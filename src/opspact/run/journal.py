"""What the ledger says of runs: how far one has come, whether it may still be at work, which one waits to go on.

In: a ledger, the name of a run or a procedure, the time. Out: states.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from opspact.fleet import processes
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import LeaseTaken, RunFinished, RunRenewed, RunStarted, StageFinished, StageStarted
from opspact.ledger.store import Ledger
from opspact.run.state import RunState, replay


@dataclass(frozen=True, slots=True)
class Journal:
    """The runs of one contract in a ledger."""

    ledger: Ledger
    contract: str

    def state(self, run: str) -> RunState:
        """Given a run's name, return how far it has come."""
        found: list[Recorded[RunStarted | StageStarted | StageFinished | RunFinished]] = []
        for kind in (RunStarted, StageStarted, StageFinished, RunFinished):
            found += self.ledger.read(kind, contract=self.contract, subject=f"run/{run}")
        return replay(each.event for each in sorted(found, key=lambda each: each.sequence))

    def newest_unfinished(self, procedure: str) -> Recorded[RunStarted] | None:
        """Given what was run, return the newest start of a run of it that is not done; None: there is none.

        A run whose hosts all have seen a later one that is done is left behind, whatever came of it.
        """
        covered: set[str] = set()
        seen: set[str] = set()
        for started in self.ledger.read(RunStarted, contract=self.contract, newest_first=True):
            run = started.event
            if run.procedure != procedure or run.run in seen:
                continue
            seen.add(run.run)
            if self.state(run.run).is_done:
                covered.update(run.hosts)
            elif not run.hosts or not covered.issuperset(run.hosts):
                return started
        return None

    def is_at_work(self, run: str, now: datetime) -> bool:
        """Given a run's name, return whether a process may still carry it out."""
        return run in self._at_work([run], now)

    def unfinished_runs(self, hosts: Iterable[str], now: datetime) -> Mapping[str, str]:
        """Given hosts, return those whose newest lease is of a run that is over, each with that run's name."""
        newest = self.ledger.newest_of(LeaseTaken, (f"host/{host}" for host in hosts), contract=self.contract)
        runs = {lease.event.host: lease.event.run for lease in newest.values()}
        at_work = self._at_work(set(runs.values()), now)
        return {host: run for host, run in runs.items() if run not in at_work}

    def _at_work(self, runs: Collection[str], now: datetime) -> set[str]:
        subjects = [f"run/{run}" for run in runs]
        started = self.ledger.newest_of(RunStarted, subjects, contract=self.contract)
        renewed = self.ledger.newest_of(RunRenewed, subjects, contract=self.contract)
        finished = self.ledger.newest_of(RunFinished, subjects, contract=self.contract)
        return {
            each.event.run
            for subject, each in started.items()
            if not (_has_ended(each.event, finished.get(subject)) or _is_dead(each.event, renewed.get(subject), now))
        }


def _has_ended(started: RunStarted, finished: Recorded[RunFinished] | None) -> bool:
    return finished is not None and finished.event.attempt == started.attempt


def _is_dead(started: RunStarted, renewed: Recorded[RunRenewed] | None, now: datetime) -> bool:
    """Whether nobody has heard of an attempt for too long, or its process is known to have ended."""
    heard = renewed is not None and renewed.event.attempt == started.attempt
    until = max(started.until, renewed.event.until) if renewed is not None and heard else started.until
    return until < now or processes.is_known_dead(started.process)
