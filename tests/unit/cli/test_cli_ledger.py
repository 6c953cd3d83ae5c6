"""`opspact ledger`: the record is shown, proved, taken out and in."""

import json
import sqlite3
from pathlib import Path

import pytest
from calling import Call, Contract


def test_events_are_shown_proved_exported_and_imported(opspact: Call, tmp_path: Path) -> None:
    opspact("verify")
    opspact("verify")
    shown = opspact("ledger", "show")
    assert [text.split()[2] for text in shown.out.splitlines()] == ["verify.finished", "verify.finished"]
    assert opspact("ledger", "show", "--last", "1").out.split()[0] == "2"

    proved = opspact("ledger", "verify", "--format", "json")
    head = json.loads(proved.out)["head"]
    assert json.loads(proved.out)["events"] == 2
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


def test_a_head_that_is_none_is_refused(opspact: Call) -> None:
    assert opspact("ledger", "verify", "--expect-head", "12").code == 2


def test_the_ledger_of_the_environment_needs_no_contract(
    contract: Contract, opspact: Call, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSPACT_LEDGER", str(tmp_path / "own.sqlite3"))
    opspact("verify")
    monkeypatch.chdir(tmp_path)

    assert opspact("ledger", "verify").code == 0
    assert not (contract.folder / ".opspact/ledger.sqlite3").exists()
