"""`opspact ledger`: the record is shown, proved, taken out and in."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from calling import Call, Contract
from ledgers import BEGINNING, SAMPLES, context

from opspact.ledger.apply_events import HostRetired
from opspact.ledger.store import open_ledger


def test_events_are_shown_proved_exported_and_imported(opspact: Call, tmp_path: Path) -> None:
    opspact("verify")
    opspact("verify")
    shown = opspact("ledger", "show")
    assert [text.split()[2] for text in shown.out.splitlines()] == ["host.checked", "verify.finished"] * 2
    assert opspact("ledger", "show", "--last", "1").out.split()[0] == "4"
    ended = json.loads(opspact("ledger", "show", "--kind", "verify.finished", "--format", "json").out)["events"]
    assert [(event["sequence"], event["body"]["failed"]) for event in ended] == [(2, ["here"]), (4, ["here"])]

    proved = opspact("ledger", "verify", "--format", "json")
    head = json.loads(proved.out)["head"]
    assert (json.loads(proved.out)["events"], json.loads(proved.out)["times_run_backwards"]) == (4, [])
    assert opspact("ledger", "verify", "--expect-head", head).code == 0

    exported = opspact("ledger", "export")
    (tmp_path / "lines").write_text(exported.out, encoding="utf-8")
    other = str(tmp_path / "other.sqlite3")
    assert opspact("ledger", "import", str(tmp_path / "lines"), "--expect-head", head, "--ledger", other).code == 0
    assert opspact("--ledger", other, "ledger", "export").out == exported.out


def test_a_changed_event_is_found(contract: Contract, opspact: Call) -> None:
    opspact("verify")
    with sqlite3.connect(contract.folder / ".opspact/ledger.sqlite3") as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        (table,) = database.execute(
            "select name from sqlite_master where type = 'table' and name like '%event%'"
        ).fetchone()
        database.execute(f"update {table} set actor = 'somebody else'")
    database.close()
    said = opspact("ledger", "verify")

    assert said.code == 1
    assert "event 1 was changed" in said.err


def test_where_nothing_was_recorded_there_is_nothing_to_prove_or_show(contract: Contract, opspact: Call) -> None:
    assert opspact("ledger", "verify").code == 4
    assert opspact("ledger", "show").code == 4
    assert not (contract.folder / ".opspact").exists()


def test_the_ledger_of_the_environment_needs_no_contract(
    contract: Contract, opspact: Call, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSPACT_LEDGER", str(tmp_path / "own.sqlite3"))
    opspact("verify")
    monkeypatch.chdir(tmp_path)

    assert opspact("ledger", "verify").code == 0
    assert not (contract.folder / ".opspact/ledger.sqlite3").exists()


def test_times_that_run_backwards_are_named_and_no_error(contract: Contract, opspact: Call) -> None:
    (contract.folder / ".opspact").mkdir()
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3") as ledger:
        for minutes in (5, 3, 9):
            at = BEGINNING + timedelta(minutes=minutes)
            ledger.record(HostRetired("old1", "scrapped"), context=context(at, contract="tiny"))

    said = opspact("ledger", "verify", "--format", "json")

    assert said.code == 0
    assert json.loads(said.out)["times_run_backwards"] == [
        {"sequence": 2, "at": "2026-11-23T08:03:00.000000Z", "before": "2026-11-23T08:05:00.000000Z"}
    ]


def test_every_type_of_event_is_said_in_a_line(contract: Contract, opspact: Call) -> None:
    (contract.folder / ".opspact").mkdir()
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3") as ledger:
        ledger.record_all(SAMPLES, context=context(contract="tiny"))

    lines = opspact("ledger", "show", "--last", "100").out.splitlines()

    assert [line.split()[2] for line in lines] == [sample.kind for sample in SAMPLES]
    assert all("li-na  a1b2c3  " in line for line in lines)


def test_a_ledger_of_another_format_is_refused_with_what_to_do(contract: Contract, opspact: Call) -> None:
    opspact("verify")
    with sqlite3.connect(contract.folder / ".opspact/ledger.sqlite3") as database:
        database.execute("drop trigger opspact_ledger_refuses_update")
        database.execute("update opspact_ledger set version = 1")
    database.close()

    for command in (["ledger", "show"], ["verify"], ["plan"]):
        said = opspact(*command)
        assert (said.code, "has ledger format 1" in said.err, "creates a new ledger" in said.err) == (2, True, True)
