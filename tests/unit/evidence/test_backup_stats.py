"""What the ledger says of copies: sizes as they were when they were made, checks and restore tests that looked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from job_results import job_result
from ledgers import context
from recorded import POLICIES

from opspact.evidence.backup_stats import BackupStats, backup_stats
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.result import Copy, Item, Outcome, Verdict
from opspact.resolve.contract import resolve

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONTRACT = resolve(tree(*POLICIES))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def figures(ledger: Ledger) -> BackupStats:
    (found,) = backup_stats(ledger, CONTRACT, ["app1"])
    return found


def record(ledger: Ledger, job: str, ended: datetime, **fields: object) -> None:
    host = "app1" if job.startswith("backup/") else "backup1"
    event = job_result(job, host, ledger.head().sequence + 1, ended=ended, **fields)
    ledger.record(event, context=context(NOW, contract=CONTRACT.name))


def copy(ledger: Ledger, ago: timedelta, size: object, *, outcome: Outcome = Outcome.DONE) -> None:
    made = Copy(name=f"nightly-{ago.total_seconds():.0f}", started=NOW - ago)
    facts = {"archive": {"bytes": {"original": size, "deduplicated": 7}}} if outcome is Outcome.DONE else {}
    record(ledger, "backup/nightly", NOW - ago, copy=made, facts=facts, outcome=outcome)


def look(ledger: Ledger, job: str, ago: timedelta, *, verdict: Verdict, **facts: object) -> None:
    item = Item(item="any", subject="host/app1", verdict=verdict, facts={"client": "app1", **facts})
    record(ledger, job, NOW - ago, items=(item,))


def test_a_backup_of_which_nothing_is_recorded_has_no_figures(ledger: Ledger) -> None:
    found = figures(ledger)
    assert (found.host, found.copy, found.made, found.size, found.usual) == ("app1", "", None, None, None)
    assert (found.checked, found.restored) == (None, None)
    assert backup_stats(ledger, CONTRACT, ["app2"]) == ()
    assert len(backup_stats(ledger, CONTRACT, ["backup1"])) == 1


def test_the_newest_copy_is_compared_with_the_ten_before_it(ledger: Ledger) -> None:
    for number in range(14, 0, -1):
        copy(ledger, number * HOUR, 1000 * number)
    found = figures(ledger)
    assert (found.copy, found.made, found.size, found.added) == ("nightly-3600", NOW - HOUR, 1000, 7)
    assert found.usual == 6500  # of 2000 to 11000


def test_a_run_that_failed_leaves_the_figures_of_the_copy_before(ledger: Ledger) -> None:
    copy(ledger, 5 * HOUR, 1000)
    copy(ledger, 5 * HOUR, 0, outcome=Outcome.FAILED)  # it says which copy is the newest
    record(ledger, "backup/nightly", NOW - HOUR, outcome=Outcome.FAILED)  # it could not ask
    assert (figures(ledger).copy, figures(ledger).size) == ("nightly-18000", 1000)
    failed = figures(ledger).failed
    assert failed is not None
    assert failed.at == NOW - HOUR - timedelta(minutes=1)
    copy(ledger, HOUR / 2, "much")
    assert (figures(ledger).copy, figures(ledger).size, figures(ledger).failed) == ("nightly-1800", None, None)


def test_the_newest_check_and_restore_test_that_got_at_the_copies_count(ledger: Ledger) -> None:
    look(ledger, "check/nightly", 9 * HOUR, verdict=Verdict.CRITICAL, problem="damaged")
    look(ledger, "check/nightly", HOUR, verdict=Verdict.WARNING, problem="busy")
    look(ledger, "drill/nightly", 8 * HOUR, verdict=Verdict.OK, seconds=12.5)
    look(ledger, "drill/nightly", HOUR, verdict=Verdict.UNKNOWN, problem="absent")
    found = figures(ledger)
    assert found.checked is not None
    assert found.restored is not None
    assert (found.checked.at, found.checked.verdict) == (NOW - 9 * HOUR, Verdict.CRITICAL)
    assert (found.restored.verdict, found.restored.seconds) == (Verdict.OK, 12.5)
