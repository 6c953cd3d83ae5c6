"""RunCount of runs, from the events that runs record."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledgers import context

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted
from opspact.ledger.runbook_events import RunbookAbandoned, RunbookStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.runbook.knowledge.run_stats import LAST_RUNS, RunCount, RunStats, run_stats

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
SINCE = START - timedelta(days=1)
CONTRACT = "office"


class Runs:
    """Records runs, one after the other, a day apart."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.number = ledger, 0

    def record(self, minutes: float, *events: EventType) -> None:
        """Record events of the newest run, so long after its beginning."""
        at = START + timedelta(days=self.number, minutes=minutes)
        self.ledger.record_all(events, context=context(at, contract=CONTRACT))

    def add(self, minutes: float, outcome: RunOutcome | None = RunOutcome.DONE, *, drill: str = "") -> str:
        """Record a run of a runbook that took so long; `outcome` None: nothing says how it ended."""
        self.number += 1
        run = f"run-{self.number}"
        self.record(0, attempt(run, 1), RunbookStarted(run, "restore-database", "0" * 64, ("db1",), drill=drill))
        if outcome:
            self.record(minutes, RunFinished(run, outcome))
        return run

    @property
    def stats(self) -> RunStats | None:
        return run_stats(self.ledger, [CONTRACT], since=SINCE).get("restore-database")


def attempt(run: str, number: int) -> RunStarted:
    return RunStarted(run, "runbook", ("one",), START, attempt=number)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield Runs(ledger)


def test_without_a_ledger_and_without_runs_there_are_no_figures(runs: Runs) -> None:
    assert run_stats(None, [CONTRACT], since=SINCE) == {}
    assert runs.stats is None


def test_the_time_to_cure_is_the_median_of_runs_that_succeeded(runs: Runs) -> None:
    for minutes in (10, 30, 20):
        runs.add(minutes)
    runs.add(500, RunOutcome.FAILED)

    assert runs.stats == RunStats(real=RunCount(4, 3, 1200.0))


def test_drills_count_by_themselves(runs: Runs) -> None:
    runs.add(10, drill="database-lost")
    runs.add(30, drill="operating-mistake")
    runs.add(60)

    assert runs.stats == RunStats(real=RunCount(1, 1, 3600.0), drills=RunCount(2, 2, 1200.0))


def test_the_share_is_that_of_drills_where_nothing_happened_yet() -> None:
    assert RunStats(drills=RunCount(4, 3)).share == 0.75
    assert RunStats(real=RunCount(1, 0), drills=RunCount(4, 3)).share == 0.0
    assert RunStats(unfinished=1).share == 0.0


def test_a_run_that_was_resumed_is_one_from_its_first_beginning_to_its_last_end(runs: Runs) -> None:
    run = runs.add(5, RunOutcome.STOPPED)
    assert runs.stats == RunStats(unfinished=1)

    runs.record(60, attempt(run, 2))
    assert runs.stats == RunStats(unfinished=1)  # at work again

    runs.record(90, RunFinished(run, RunOutcome.DONE, attempt=2))
    assert runs.stats == RunStats(real=RunCount(1, 1, 5400.0))


def test_a_failed_run_that_is_resumed_is_not_a_failure_meanwhile(runs: Runs) -> None:
    run = runs.add(5, RunOutcome.FAILED)
    runs.record(60, attempt(run, 2))

    assert runs.stats == RunStats(unfinished=1)


def test_a_run_of_which_nothing_says_how_it_ended_has_neither_succeeded_nor_failed(runs: Runs) -> None:
    runs.add(0, None)

    assert runs.stats == RunStats(unfinished=1)


def test_only_the_newest_runs_count(runs: Runs) -> None:
    runs.add(1, RunOutcome.FAILED)
    for _ in range(LAST_RUNS):
        runs.add(10)

    assert runs.stats == RunStats(real=RunCount(LAST_RUNS, LAST_RUNS, 600.0))


def test_runs_before_the_time_asked_for_do_not_count(runs: Runs) -> None:
    runs.add(10)

    assert run_stats(runs.ledger, [CONTRACT], since=START + timedelta(days=2)) == {}


@pytest.mark.parametrize("outcome", [None, RunOutcome.STOPPED, RunOutcome.FAILED])
def test_a_run_that_somebody_gave_up_has_failed(runs: Runs, outcome: RunOutcome | None) -> None:
    run = runs.add(5, outcome)
    runs.record(60, RunbookAbandoned(run, "another one helped"))

    assert runs.stats == RunStats(real=RunCount(1, 0))


def test_runs_of_other_contracts_do_not_count(runs: Runs) -> None:
    runs.add(10)

    assert run_stats(runs.ledger, ["other"], since=SINCE) == {}
    assert run_stats(runs.ledger, ["other", CONTRACT], since=SINCE).keys() == {"restore-database"}
