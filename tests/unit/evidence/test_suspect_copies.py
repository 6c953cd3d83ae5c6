"""Which copies a server's newest report leaves out, and what no report says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import backup, tree
from job_results import job_result
from ledgers import context

from opspact.evidence.suspect_copies import SuspectCopies, server_jobs, suspect_copies
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.result import Item, Verdict
from opspact.resolve.contract import resolve

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTRACT = resolve(tree(backup("nightly", fields="encryption: none\ncheck: {schedule: monthly on day 1 at 05:00}")))
(NIGHTLY,) = CONTRACT.backups


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def report(ledger: Ledger, job: str, *, ago: float, sequence: int = 1, **facts: object) -> None:
    at = NOW - timedelta(hours=ago)
    verdict = Verdict.CRITICAL if facts.get("problem") in {"damaged", "vanished"} else Verdict.OK
    item = Item(item="repository", verdict=verdict, message="damaged there", facts={"client": "app1", **facts})
    found = job_result(job, "backup1", started=at, ended=at, items=(item,), sequence=sequence)
    ledger.record_all([found], context=context(NOW, contract=CONTRACT.name))


def suspects(ledger: Ledger, host: str = "app1") -> SuspectCopies:
    return suspect_copies(ledger, CONTRACT, NIGHTLY, host=host)


def test_without_a_report_nothing_is_known(ledger: Ledger) -> None:
    assert suspects(ledger) == SuspectCopies()
    assert [job.key for job in server_jobs(CONTRACT, NIGHTLY)] == ["prune/daily", "check/nightly"]


def test_the_newest_report_of_any_job_counts(ledger: Ledger) -> None:
    report(ledger, "check/nightly", ago=5, problem="damaged", affected=["nightly-1", "nightly-2"])
    found = suspects(ledger)
    assert (found.names, found.is_damaged, found.problem) == (("nightly-1", "nightly-2"), True, "damaged there")
    report(ledger, "prune/daily", ago=1, problem="", suspect=["nightly-1"])
    found = suspects(ledger)
    assert (found.names, found.is_damaged, found.problem, found.reported) == (
        ("nightly-1",),
        False,
        "",
        NOW - timedelta(hours=1),
    )


def test_a_report_that_could_not_look_takes_nothing_back(ledger: Ledger) -> None:
    report(ledger, "prune/daily", ago=3, problem="", suspect=["nightly-1"])
    report(ledger, "prune/daily", ago=1, sequence=2, problem="busy", affected=[])
    assert suspects(ledger).names == ("nightly-1",)


def test_other_problems_are_told_and_make_no_copy_suspect(ledger: Ledger) -> None:
    report(ledger, "prune/daily", ago=1, problem="vanished", affected=["nightly-1"])
    assert (suspects(ledger).names, suspects(ledger).problem) == ((), "damaged there")
