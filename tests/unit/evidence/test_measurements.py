"""What a ledger's results say for rules: how long jobs take, how large copies are, when the record begins."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from job_results import job_result
from ledgers import context

from opspact.evidence import measurements
from opspact.evidence.measurements import gather_measurements
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract import Contract
from opspact.model.measurements import Measurement, Measurements
from opspact.model.result import Item, Outcome, Verdict
from opspact.structs import replace
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


def record(
    ledger: Ledger, job: str, ended: str | None, *, host: str = "db1", seconds: object = None, **fields: Any
) -> None:
    at = datetime.fromisoformat(ended) if ended else None
    facts = fields.pop("facts", {}) | ({} if seconds is None else {"seconds": seconds})
    event = job_result(job, host, ledger.head().sequence + 1, ended=at, facts=facts, **fields)
    ledger.record(event, context=context(BEGUN))


def copy(ledger: Ledger, ended: str, seconds: float, *, size: object = 1000, **fields: Any) -> None:
    archive = {"archive": {"bytes": {"original": 9, "compressed": 5, "deduplicated": size}}}
    record(ledger, "backup/daily-incremental", ended, seconds=seconds, facts=archive, **fields)


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
    copy(ledger, "2026-11-12T18:10:00Z", 30_000, outcome=Outcome.FAILED)

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
    ended, started = "2026-11-22T21:30:00Z", at("2026-11-22T21:00:00Z")
    record(ledger, "check/daily-incremental", ended, host="backup1", started=started)
    record(ledger, "prune/daily", ended, host="backup1", started=started)
    record(ledger, "inspection/daily-servers", ended, host="app1", started=started)

    assert known(ledger, reference).run_seconds == {
        ("backup1", "check/daily-incremental"): Measurement(1800, at("2026-11-22T21:30:00Z")),
        ("app1", "inspection/daily-servers"): Measurement(1800, at("2026-11-22T21:30:00Z")),
    }


def disk(mount: str, **facts: object) -> Item:
    return Item(item="disk", subject=mount, verdict=Verdict.OK, facts=facts)


def test_free_space_is_that_of_the_file_system_which_keeps_the_copies(ledger: Ledger, reference: Contract) -> None:
    def disks(ended: str, host: str, **free: int) -> None:
        mounts = {"root": "/", "srv": "/srv", "other": "/srv/opspact", "home": "/home"}
        items = [disk(mounts[name], free_bytes=size) for name, size in free.items()]
        record(ledger, "inspection/daily-servers", ended, host=host, items=(disk("/srv"), *items))

    disks("2026-11-22T23:30:00Z", "backup1", root=1, srv=2, other=3, home=4)
    disks("2026-11-22T23:30:00Z", "app1", root=9)
    assert known(ledger, reference).free_bytes == {"backup1": Measurement(2, at("2026-11-22T23:30:00Z"))}
    disks("2026-11-23T11:30:00Z", "backup1", root=7)
    assert known(ledger, reference).free_bytes == {"backup1": Measurement(7, at("2026-11-23T11:30:00Z"))}


def test_the_newest_whole_restore_of_each_host_counts(ledger: Ledger, reference: Contract) -> None:
    def drill(ended: str, **hosts: tuple[Verdict, object]) -> None:
        items = tuple(
            Item(item="restore", subject=f"host/{host}", verdict=verdict, facts={"seconds": seconds} if seconds else {})
            for host, (verdict, seconds) in hosts.items()
        )
        record(ledger, "drill/daily-incremental", ended, seconds=5000, host="backup1", items=items)

    drill("2026-10-01T02:00:00Z", db1=(Verdict.OK, 300), app1=(Verdict.OK, 60))
    drill("2026-11-01T02:00:00Z", db1=(Verdict.CRITICAL, 900.5))  # whole, and slower than promised
    drill("2026-11-02T02:00:00Z", db1=(Verdict.CRITICAL, None), app1=(Verdict.UNKNOWN, 7))
    drill("2026-11-02T03:00:00Z", db1=(Verdict.OK, True))

    assert known(ledger, reference).restore_seconds == {
        ("db1", "daily-incremental"): Measurement(900.5, at("2026-11-01T02:00:00Z")),
        ("app1", "daily-incremental"): Measurement(60, at("2026-10-01T02:00:00Z")),
    }


def test_results_that_say_nothing_useful_are_passed_over(ledger: Ledger, reference: Contract) -> None:
    lost: dict[str, Any] = {"outcome": Outcome.FAILED, "verdict": Verdict.UNKNOWN}
    record(ledger, "backup/daily-incremental", None, damaged="no JSON", **lost)
    record(ledger, "backup/daily-incremental", None, started=BEGUN, died=True, **lost)
    archives: list[object] = [[], {"bytes": 5}, {"bytes": {"deduplicated": True}}]
    for archive in archives:
        record(ledger, "backup/daily-incremental", "2026-11-02T18:10:00Z", seconds=60, facts={"archive": archive})
    record(ledger, "inspection/daily-servers", None, host="backup1", damaged="no JSON", **lost)
    free = disk("/srv", free_bytes="much")
    record(ledger, "inspection/daily-servers", "2026-11-22T23:30:00Z", host="backup1", seconds=2, items=(free,))

    found = known(ledger, reference)

    assert (found.stored_bytes, found.free_bytes) == ({}, {})
    assert {key: each.value for key, each in found.run_seconds.items()} == {
        ("db1", "backup/daily-incremental"): 60,
        ("backup1", "inspection/daily-servers"): 2,
    }


def test_of_more_results_than_are_read_no_number_of_copies_is_told(ledger: Ledger, reference: Contract) -> None:
    copy(ledger, "2026-11-01T18:10:00Z", 600)
    copy(ledger, "2026-11-02T18:10:00Z", 600)

    found = gather_measurements(ledger, reference, now=NOW, most=2)

    assert (found.copies, found.stored_bytes) == ({}, {})
    assert len(found.run_seconds) == 1


def test_of_a_large_fleet_the_newest_result_of_each_job_counts(
    ledger: Ledger, reference: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "_MOST_SUBJECTS", 5)
    copy(ledger, "2026-11-01T18:10:00Z", 9000)
    copy(ledger, "2026-11-02T18:10:00Z", 600, size=7)

    found = known(ledger, reference)

    assert found.run_seconds == {("db1", "backup/daily-incremental"): Measurement(600, at("2026-11-02T18:10:00Z"))}
    assert found.stored_bytes[("db1", "daily-incremental")].value == 7
    assert found.copies == {}
