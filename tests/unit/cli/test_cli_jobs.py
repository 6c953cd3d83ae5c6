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
from opspact.model.result import Copy, Item, Verdict

ROOT = Path(__file__).parents[3]
LEDGER = ".opspact/ledger.sqlite3"


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, tmp_path / "reference" / part)
    monkeypatch.chdir(tmp_path / "reference")
    return tmp_path / "reference"


def record(folder: Path, event: JobResult) -> None:
    with open_ledger(folder / LEDGER) as ledger:
        ledger.record(event, context=context(datetime.now(UTC)))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["inspect", "run", "dayly-servers"], 2, "there are: daily-database, daily-servers"),
        (["backup", "run", "nightly"], 2, "there are: "),
        (["inspect", "run", "daily-servers", "--limit", "nobody"], 2, "neither a host nor a group"),
        (["backup", "run", "monthly-full-system", "--limit", "backup"], 4, "applies to the hosts chosen"),
        (["inspect", "show"], 4, "no such result was collected yet"),
        (["backup", "status", "--limit", "backup"], 4, "no policy asks for a backup of these hosts"),
        (["inspect"], 2, "missing command"),
    ],
)
def test_what_cannot_be_done_is_said(opspact: Call, *, arguments: list[str], code: int, words: str) -> None:
    said = opspact(*arguments)

    assert said.code == code
    assert words in said.err


def test_backups_without_any_result_are_not_proved(opspact: Call) -> None:
    said = opspact("backup", "status", "--format", "json")
    told = json.loads(said.out)

    assert said.code == 1
    assert {one["proved"] for one in told["backups"]} == {False}
    text = opspact("backup", "status", "--limit", "app1").out
    assert "app1  not proved  monthly-full-system" in text
    assert "  no result was collected yet.\n" in text
    assert "backup/monthly-full-system; clauses D2" in text


def test_a_proven_copy_is_told_with_its_age(reference: Path, opspact: Call) -> None:
    newest = Copy(name="monthly-full-system-x", started=datetime.now(UTC) - timedelta(seconds=3690))
    for policy in ("monthly-full-system", "weekly-changed-data", "daily-incremental", "system-files"):
        for host in ("app1", "app2", "db1"):
            record(reference, job_result(f"backup/{policy}", host, copy=newest))
    said = opspact("backup", "status")

    assert said.code == 0
    assert "app1  proved  monthly-full-system  1 h 1 min old, 32 d 0 h allowed  monthly-full-system-x\n" in said.out


def test_the_newest_inspection_of_each_host_is_shown(reference: Path, opspact: Call) -> None:
    for sequence, verdict in enumerate((Verdict.OK, Verdict.CRITICAL), 1):
        item = Item(item="disk", subject="/", verdict=verdict, message=f"{verdict} it is")
        record(reference, job_result("inspection/daily-servers", "app1", sequence, verdict=verdict, items=(item,)))
    said = opspact("inspect", "show")

    assert said.code == 0
    assert said.out == (
        "app1  critical  inspection/daily-servers  2026-11-23T07:30:00Z\n  critical  disk /: critical it is\n"
    )
    assert len(json.loads(opspact("inspect", "show", "daily-servers", "--format", "json").out)["results"]) == 1
