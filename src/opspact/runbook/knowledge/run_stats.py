"""How runs of runbooks ended: how many succeeded, and how long they took.

In: a ledger. Out: figures by runbook.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import cast

from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted
from opspact.ledger.runbook_events import RunbookAbandoned, RunbookStarted
from opspact.ledger.store import Ledger
from opspact.structs import Struct

LAST_RUNS = 10
"""Runs of a runbook that count, the newest ones: it may have been changed since earlier ones."""


class RunCount(Struct):
    """Of the newest runs that ended: how many there were, how many succeeded, and the median of those in seconds."""

    runs: int = 0
    succeeded: int = 0
    seconds: float | None = None

    @property
    def share(self) -> float:
        """The share that succeeded; 0 where there were no runs."""
        return self.succeeded / self.runs if self.runs else 0.0


class RunStats(Struct):
    """RunCount of a runbook: of runs for what happened, and of drills. `unfinished`: runs that have not ended."""

    real: RunCount = RunCount()
    drills: RunCount = RunCount()
    unfinished: int = 0

    @property
    def share(self) -> float:
        """The share that succeeded of runs for what happened; where there were none, of drills."""
        return (self.real if self.real.runs else self.drills).share


NO_RUNS = RunStats()
"""Nobody has run it yet."""


class _Run(Struct):
    """A run: whether it succeeded (None: it has not ended), and the seconds from its beginning to its end."""

    is_drill: bool
    succeeded: bool | None
    seconds: float = 0.0


def run_stats(ledger: Ledger | None, contracts: Iterable[str], *, since: datetime) -> Mapping[str, RunStats]:
    """Given a ledger (None: nothing was recorded), the names of a contract and a time, return figures by runbook.

    A run that was resumed is one, from its first beginning to its last end. One that waits, was stopped in order, or
    whose process died has not ended, unless somebody gave it up: then it failed.
    """
    found: dict[str, list[_Run]] = {}
    for contract in contracts if ledger else ():
        for name, run in _runs(cast("Ledger", ledger), contract, since):
            found.setdefault(name, []).append(run)
    return {name: _stats(runs) for name, runs in found.items()}


def _runs(ledger: Ledger, contract: str, since: datetime) -> Iterator[tuple[str, _Run]]:
    """Yield the runs that began since a time, each with the name of its runbook, the oldest first."""
    began = list(ledger.read(RunbookStarted, contract=contract, since=since))
    subjects = [each.event.subject for each in began]
    attempts = ledger.newest_of(RunStarted, subjects, contract=contract)
    ends = ledger.newest_of(RunFinished, subjects, contract=contract)
    given_up = ledger.newest_of(RunbookAbandoned, subjects, contract=contract)
    for each in began:
        event, end, newest = each.event, ends.get(each.event.subject), attempts.get(each.event.subject)
        succeeded, seconds = (False if event.subject in given_up else None), 0.0
        if end and newest and end.event.attempt == newest.event.attempt and end.event.outcome is not RunOutcome.STOPPED:
            succeeded, seconds = end.event.outcome is RunOutcome.DONE, (end.at - each.at).total_seconds()
        yield event.runbook, _Run(bool(event.drill), succeeded, seconds)


def _stats(runs: Sequence[_Run]) -> RunStats:
    ended = [run for run in runs if run.succeeded is not None]
    return RunStats(
        real=_figures([run for run in ended if not run.is_drill]),
        drills=_figures([run for run in ended if run.is_drill]),
        unfinished=len(runs) - len(ended),
    )


def _figures(ended: Sequence[_Run]) -> RunCount:
    newest = ended[-LAST_RUNS:]
    seconds = [run.seconds for run in newest if run.succeeded]
    return RunCount(len(newest), len(seconds), median(seconds) if seconds else None)
