"""What a ledger's results say for rules: how long jobs take, how large copies are, when the record begins."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ledgers import context

from opspact.evidence.measurements import gather_measurements
from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract import Contract
from opspact.model.measurements import Measurement, Measurements
from opspact.workspace.workspace import Workspace

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference() -> Contract:
    return Workspace(ROOT, NOW).contract()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def record(ledger: Ledger, kind: str, policy: str, *, host: str = "db1", **result: Any) -> None:
    sequence = ledger.head().sequence + 1
    ledger.record(JobResult(f"{kind}/{policy}", host, "5f3c", sequence, result), context=context(BEGUN))


def copy(ledger: Ledger, ended: str, seconds: float, *, size: object = 1000, state: str = "ok") -> None:
    archive: Mapping[str, object] = {"bytes": {"original": 9, "compressed": 5, "deduplicated": size}}
    record(
        ledger, "backup", "daily-incremental", host="db1", ended=ended, seconds=seconds, state=state, archive=archive
    )


def known(ledger: Ledger, contract: Contract) -> Measurements:
    return gather_measurements(ledger, contract, now=NOW)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_empty_ledger_knows_nothing(ledger: Ledger, reference: Contract) -> None:
    assert known(ledger, reference) == Measurements()


def test_the_record_of_another_contract_says_nothing_of_this_one(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "2026-11-20T18:10:00Z", 600)
    assert known(ledger, replace(reference, name="another")) == Measurements()


def test_the_longest_of_the_latest_good_runs_counts(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "2026-11-01T18:10:00Z", 9000)  # the eleventh from the end
    for day in range(2, 12):
        copy(ledger, f"2026-11-{day:02}T18:10:00Z", 600 + day)
    copy(ledger, "2026-11-12T18:10:00Z", 30_000, state="failed")

    found = known(ledger, reference)

    key = ("db1", "backup/daily-incremental")
    assert found.run_seconds == {key: Measurement(611, at("2026-11-11T18:10:00Z"))}
    assert found.copies[("db1", "daily-incremental")].value == 11
    assert found.since == BEGUN


def test_what_the_newest_copy_added_counts(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "2026-11-01T18:10:00Z", 600, size=5_000_000)
    copy(ledger, "2026-11-02T18:10:00Z", 600, size=1_000)

    assert known(ledger, reference).stored_bytes == {
        ("db1", "daily-incremental"): Measurement(1_000, at("2026-11-02T18:10:00Z"))
    }


def test_checks_and_inspections_take_from_their_start_to_their_end(ledger: Ledger, reference: Contract) -> None:
    times = {"started": "2026-11-22T21:00:00Z", "ended": "2026-11-22T21:30:00Z", "state": "ok"}
    record(ledger, "repository", "daily-check-daily-incremental", host="backup1", **times)
    record(ledger, "repository", "daily", host="backup1", **times)
    record(ledger, "inspection", "daily-servers", host="app1", **times)

    assert known(ledger, reference).run_seconds == {
        ("backup1", "check/daily-incremental"): Measurement(1800, at("2026-11-22T21:30:00Z")),
        ("app1", "inspection/daily-servers"): Measurement(1800, at("2026-11-22T21:30:00Z")),
    }


def test_free_space_is_that_of_the_file_system_which_keeps_the_copies(ledger: Ledger, reference: Contract) -> None:
    def disks(ended: str, host: str, **free: int) -> None:
        mounts = {"root": "/", "srv": "/srv", "other": "/srv/opspact", "home": "/home"}
        items = [{"item": "disk", "subject": mounts[name], "free_bytes": size} for name, size in free.items()]
        inodes = {"item": "disk", "subject": "/srv"}
        record(ledger, "inspection", "daily-servers", host=host, ended=ended, state="ok", items=[inodes, *items, "?"])

    disks("2026-11-22T23:30:00Z", "backup1", root=1, srv=2, other=3, home=4)
    disks("2026-11-22T23:30:00Z", "app1", root=9)
    assert known(ledger, reference).free_bytes == {"backup1": Measurement(2, at("2026-11-22T23:30:00Z"))}
    disks("2026-11-23T11:30:00Z", "backup1", root=7)
    assert known(ledger, reference).free_bytes == {"backup1": Measurement(7, at("2026-11-23T11:30:00Z"))}


def test_the_newest_drill_of_each_host_that_went_well_counts(ledger: Ledger, reference: Contract) -> None:
    record(ledger, "drill", "daily-incremental", host="db1", ended="2026-10-01T02:00:00Z", seconds=300, state="ok")
    record(ledger, "drill", "daily-incremental", host="db1", ended="2026-11-01T02:00:00Z", seconds=900, state="ok")
    record(ledger, "drill", "daily-incremental", host="db1", ended="2026-11-02T02:00:00Z", seconds=5, state="failed")
    record(ledger, "drill", "daily-incremental", host="app1", ended="2026-11-03T02:00:00Z", seconds=60, state="ok")

    assert known(ledger, reference).restore_seconds == {
        ("db1", "daily-incremental"): Measurement(900, at("2026-11-01T02:00:00Z")),
        ("app1", "daily-incremental"): Measurement(60, at("2026-11-03T02:00:00Z")),
    }


def test_results_that_say_nothing_useful_are_passed_over(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "yesterday", 600)
    copy(ledger, "2026-11-02T18:10:00", 600)
    record(ledger, "backup", "daily-incremental", host="db1", state="ok", ended="2026-11-02T18:10:00Z", seconds="long")
    record(ledger, "backup", "daily-incremental", host="db1", state="ok", archive=[], ended=7)
    record(
        ledger, "inspection", "daily-servers", host="backup1", state="ok", ended="2026-11-22T23:30:00Z", items="none"
    )

    found = known(ledger, reference)

    assert (found.run_seconds, found.stored_bytes, found.free_bytes) == ({}, {}, {})


def test_of_a_ledger_too_large_to_read_no_size_is_told(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "2026-11-01T18:10:00Z", 600)
    copy(ledger, "2026-11-02T18:10:00Z", 600)

    found = gather_measurements(ledger, reference, now=NOW, most=2)

    assert (found.copies, found.stored_bytes) == ({}, {})
    assert len(found.run_seconds) == 1
