"""`opspact runbook search`: what matches, with figures of runs, for people and for scripts."""

import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calling import Call, Contract
from ledgers import context
from narrow import unfit

from opspact.cli.settings import LEDGER_FILE
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted
from opspact.ledger.runbook_events import RunbookStarted
from opspact.ledger.store import open_ledger
from opspact.model.names import CONTRACT_STATE

RUNBOOKS = """\
kind: runbook
name: {name}
clauses: [C1]
text: {{zh: 清理磁盘, en: Free space}}
symptoms: {{zh: [磁盘已满], en: [disk full]}}
risk: reversible
hosts: all
steps:
  - name: clean
    text: {{zh: 删除旧的安装包, en: Delete old packages}}
    command: [apt-get, clean]
"""


@pytest.fixture(autouse=True)
def runbooks(contract: Contract) -> None:
    for name in ("clean-disk", "free-disk"):
        contract.write(f"runbooks/{name}.yaml", RUNBOOKS.format(name=name))


def record(contract: Contract, runbook: str, *, minutes: float, outcome: RunOutcome = RunOutcome.DONE) -> None:
    """Record that a runbook was run yesterday, and how that ended."""
    began = datetime.now(UTC) - timedelta(days=1)
    folder = contract.folder / CONTRACT_STATE
    folder.mkdir(exist_ok=True)
    with open_ledger(folder / LEDGER_FILE) as ledger:
        run = f"run-{ledger.head().sequence}"
        started = [RunStarted(run, "runbook", ("clean",), began), RunbookStarted(run, runbook, "0" * 64, ("here",))]
        ledger.record_all(started, context=context(began, contract="tiny"))
        ended = began + timedelta(minutes=minutes)
        ledger.record(RunFinished(run, outcome), context=context(ended, contract="tiny"))


def matches(opspact: Call, *query: str) -> list[Mapping[str, Any]]:
    said = opspact("runbook", "search", "--format", "json", *query)
    assert said.code == 0
    found: list[Mapping[str, Any]] = json.loads(said.out)["matches"]
    return found


def test_of_equal_matches_the_runbook_that_succeeded_comes_first(contract: Contract, opspact: Call) -> None:
    assert [match["name"] for match in matches(opspact, "磁盘已满")] == ["clean-disk", "free-disk"]

    record(contract, "clean-disk", minutes=5, outcome=RunOutcome.FAILED)
    record(contract, "free-disk", minutes=20)

    assert [match["name"] for match in matches(opspact, "磁盘已满")] == ["free-disk", "clean-disk"]


def test_figures_are_shown_with_the_runbook(contract: Contract, opspact: Call) -> None:
    record(contract, "free-disk", minutes=10)
    record(contract, "free-disk", minutes=30)
    record(contract, "free-disk", minutes=90, outcome=RunOutcome.FAILED)

    shown = opspact("runbook", "search", "disk", "full").out
    assert "2 of the last 3 runs succeeded, median time to cure 20m\n" in shown
    assert "no runs yet\n" in shown
    stats = matches(opspact, "disk full")[0]["stats"]
    assert stats["runs"] == {"count": 3, "succeeded": 2, "median_seconds": 1200.0}


def test_a_ledger_that_cannot_be_read_does_not_hide_the_runbook(contract: Contract, opspact: Call) -> None:
    record(contract, "free-disk", minutes=10)
    (contract.folder / CONTRACT_STATE / LEDGER_FILE).write_bytes(b"no database" * 999)

    said = opspact("runbook", "search", "disk", "full")
    assert said.code == 0
    assert "earlier runs are unknown\n" in said.out
    assert "the ledger is not used" in said.err
    assert matches(opspact, "disk full")[0]["stats"] is None


def test_an_error_text_is_read_from_standard_input(opspact: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b'Error: "NEAR(" \xff\n\x1b[31mdisk full\x1b[0m *\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    assert [match["name"] for match in matches(opspact, "-")] == ["clean-disk", "free-disk"]


@pytest.mark.parametrize("query", ["打印机卡纸", "???", "", "10.0.0.1"])
def test_nothing_found_is_an_exit_code_and_a_document(opspact: Call, query: str) -> None:
    assert opspact("runbook", "search", query).code == 4

    said = opspact("runbook", "search", query, "--format", "json")
    assert said.code == 4
    assert json.loads(said.out)["summary"] == {"matches": 0}


def test_a_contract_without_runbooks_says_so(contract: Contract, opspact: Call) -> None:
    for file in (contract.folder / "runbooks").iterdir():
        file.unlink()

    said = opspact("runbook", "search", "disk", "full")
    assert said.code == 4
    assert "no runbooks and no emergencies" in said.err


def test_titles_are_in_the_language_asked_for(opspact: Call) -> None:
    assert "清理磁盘" in opspact("runbook", "search", "disk full").out
    assert "Free space" in opspact("runbook", "search", "磁盘已满", "--language", "en").out


def test_lines_fit_a_narrow_terminal(opspact: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = opspact("runbook", "search", "disk full").out
    monkeypatch.setenv("COLUMNS", "40")
    shown = opspact("runbook", "search", "disk full").out

    assert unfit(shown.splitlines(), whole, 40) == []


def test_a_run_counts(contract: Contract, opspact: Call) -> None:
    text = (contract.folder / "runbooks/free-disk.yaml").read_text().replace("[apt-get, clean]", "['true']")
    contract.write("runbooks/free-disk.yaml", text)
    said = opspact("runbook", "run", "free-disk", "--host", "here")
    assert said.code == 0, said

    assert "1 of 1 run succeeded, median time to cure " in opspact("runbook", "search", "disk full").out
