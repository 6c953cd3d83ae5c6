"""`opspact inspect` and `backup` on the reference contract, as far as no host is needed."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from calling import Call
from job_results import job_result
from ledgers import context

from opspact.ledger.job_events import JobResult
from opspact.ledger.store import open_ledger
from opspact.model.result import Copy, Item, Outcome, Verdict

ROOT = Path(__file__).parents[3]
LEDGER = ".opspact/ledger.sqlite3"


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, tmp_path / "reference" / part)
    monkeypatch.chdir(tmp_path / "reference")
    return tmp_path / "reference"


def record(folder: Path, *events: JobResult) -> None:
    with open_ledger(folder / LEDGER) as ledger:
        ledger.record_all(events, context=context(datetime.now(UTC)))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["inspect", "run", "dayly-servers"], 2),
        (["backup", "run", "nightly"], 2),
        (["inspect", "run", "daily-servers", "--limit", "nobody"], 2),
        (["backup", "run", "monthly-full-system", "--limit", "backup1"], 4),
        (["inspect", "show"], 4),
        (["inspect", "show", "dayly-servers"], 2),
    ],
)
def test_what_cannot_be_done_is_refused(opspact: Call, *, arguments: list[str], code: int) -> None:
    said = opspact(*arguments)

    assert said.code == code
    assert said.err
    assert not said.out


def states(reported: dict[str, list[dict[str, object]]], what: str) -> set[object]:
    return {each["state"] for each in reported["obligations"] if each["obligation"] == what}


def test_backups_without_any_result_are_not_carried_out(opspact: Call) -> None:
    said = opspact("backup", "status", "--format", "json")
    reported = json.loads(said.out)

    assert said.code == 1
    assert states(reported, "copy") == states(reported, "restore test") == {"not_carried_out"}
    assert opspact("backup", "status", "--limit", "app1").code == 1


def test_a_server_shows_the_checks_of_its_repositories(opspact: Call) -> None:
    reported = json.loads(opspact("backup", "status", "--limit", "backup1", "--format", "json").out)
    subjects = {str(each["subject"]).rpartition("/")[0] for each in reported["obligations"]}
    assert subjects == {"host", "repository/backup1"}


def test_copies_that_are_young_enough_are_kept(reference: Path, opspact: Call) -> None:
    started = datetime.now(UTC) - timedelta(seconds=3690)
    policies = ("monthly-full-system", "weekly-changed-data", "daily-incremental", "system-files")
    record(
        reference,
        *(
            job_result(
                f"backup/{policy}", host, started=started, ended=started, copy=Copy(name=f"{policy}-x", started=started)
            )
            for policy in policies
            for host in ("app1", "app2", "db1")
        ),
    )
    reported = json.loads(opspact("backup", "status", "--format", "json").out)

    assert states(reported, "copy") == {"kept"}
    assert "monthly-full-system-x" in opspact("backup", "status").out


def test_the_newest_inspection_of_each_host_is_shown_with_its_obligation(reference: Path, opspact: Call) -> None:
    def inspected(sequence: int, verdict: Verdict) -> JobResult:
        items = (Item(item="disk", subject="/", verdict=verdict, message=f"{verdict} it is"),)
        ended = datetime(2026, 11, 23, 7, sequence, tzinfo=UTC)
        return job_result("inspection/daily-servers", "app1", sequence, ended=ended, verdict=verdict, items=items)

    record(reference, inspected(1, Verdict.OK), inspected(2, Verdict.CRITICAL))
    said = opspact("inspect", "show")
    reported = json.loads(opspact("inspect", "show", "daily-servers", "--format", "json").out)

    assert said.code == 1
    assert "critical it is" in said.out
    assert "2026-11-23T15:02+08:00" in said.out  # in the contract's zone
    assert "ok it is" not in said.out
    assert [(each["sequence"], each["verdict"]) for each in reported["results"]] == [(2, "critical")]
    inspections = [each for each in reported["obligations"] if each["obligation"] == "inspection"]
    owed = {(each["policy"], each["subject"]): each["state"] for each in inspections}
    assert owed["inspection/daily-servers", "host/app1"] != "not_carried_out"
    assert owed["inspection/daily-servers", "host/app2"] == "not_carried_out"  # no result, and not forgotten
    assert "host/app2" in said.out
    assert {policy for policy, _ in owed} == {"inspection/daily-servers"}


@pytest.mark.parametrize(
    ("verdict", "age", "code"),
    [
        (Verdict.OK, timedelta(), 0),
        (Verdict.WARNING, timedelta(), 1),
        (Verdict.CRITICAL, timedelta(), 1),
        (Verdict.OK, timedelta(days=9), 1),  # late
    ],
)
def test_what_is_open_or_late_is_an_exit_code(
    reference: Path, opspact: Call, *, verdict: Verdict, age: timedelta, code: int
) -> None:
    ended = datetime.now(UTC) - age
    items = (Item(item="disk", subject="/", verdict=verdict, message="90 % used"),)
    record(reference, job_result("inspection/daily-servers", "app1", 1, ended=ended, verdict=verdict, items=items))

    assert opspact("inspect", "show", "daily-servers").code == code
    assert opspact("inspect", "show", "daily-servers", "--limit", "app2").code == 4


@pytest.mark.parametrize(
    "newest",
    [{"outcome": Outcome.SKIPPED}, {"outcome": Outcome.FAILED, "verdict": Verdict.UNKNOWN, "died": True}],
    ids=["skipped", "died"],
)
def test_what_is_open_is_shown_until_an_inspection_that_was_made_finds_it_ok(
    reference: Path, opspact: Call, *, newest: dict[str, object]
) -> None:
    now = datetime.now(UTC)
    full = (Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used"),)
    job, host = "inspection/daily-servers", "app1"
    record(
        reference,
        job_result(job, host, 1, ended=now - timedelta(seconds=50), verdict=Verdict.CRITICAL, items=full),
        job_result(job, host, 2, ended=now, **newest),
    )
    said = opspact("inspect", "show", "daily-servers")
    reported = json.loads(opspact("inspect", "show", "daily-servers", "--format", "json").out)
    assert said.code == 1
    assert said.out.count("95 % used") == 1
    assert [(each["policy"], each["host"], each["item"]) for each in reported["findings"]] == [(job, host, "disk /")]
    assert reported["findings"] == json.loads(opspact("status", "--format", "json").out)["findings"]
    record(reference, job_result(job, host, 3, ended=now, items=(Item(item="disk", subject="/", verdict=Verdict.OK),)))
    assert "95 % used" not in opspact("inspect", "show", "daily-servers").out
