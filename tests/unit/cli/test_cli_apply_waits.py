"""`opspact apply --wait`: another process has locked the host or the folder."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from calling import Call, Contract
from ledgers import context
from locking import at_first_pause, end, locked

from opspact.ledger.run_events import LeaseTaken
from opspact.ledger.store import open_ledger
from opspact.rollout.survey import Survey, Surveyor
from opspact.text.durations import format_hours

WHO = "li-na on desk7, process 42, since 2026-11-23T09:00:00Z"


def recorded(contract: Contract) -> int:
    """Return how many events there are."""
    with open_ledger(contract.folder / ".opspact/ledger.sqlite3") as ledger:
        return ledger.head().sequence


@pytest.mark.slow
def test_a_host_that_is_locked_is_waited_for_and_checked_again(
    contract: Contract, opspact: Call, tmp_path: Path, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(tmp_path / "lock", WHO) as other:
        refused = opspact("apply", "--yes")
        assert (refused.code, WHO in refused.err) == (2, True)
        at_first_pause(monkeypatch, partial(contract.kept.write_text, "meanwhile\n"), partial(end, other))
        said = opspact("apply", "--yes", "--wait", "5m")
    assert said.code == 0, said.err
    assert said.err.count("waiting for at most 5m: another apply has locked every chosen host") == 1
    assert said.err.count(WHO) == 1
    assert contract.kept.read_text() == "first line\nsecond line\n"


@pytest.mark.slow
@pytest.mark.parametrize(("options", "code"), [((), 3), (("--wait", "5m"), 0)])
def test_a_host_that_another_apply_had_just_before_it_was_locked_is_checked_again(
    contract: Contract, opspact: Call, *, options: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opspact("apply", "--yes").code == 0
    contract.kept.unlink()
    look, others = Surveyor.survey, [LeaseTaken("here", 2, "apply-other", datetime.now(UTC))]

    def survey(surveyor: Surveyor, *given: Any, **named: Any) -> Survey:
        if others:
            with open_ledger(contract.folder / ".opspact/ledger.sqlite3") as ledger:
                ledger.record(others.pop(), context=context(datetime.now(UTC), contract="tiny"))
        return look(surveyor, *given, **named)

    monkeypatch.setattr(Surveyor, "survey", survey)
    said = opspact("apply", "--yes", *options)
    assert (said.code, "apply-other" in said.err, contract.kept.exists()) == (code, True, code == 0), said


@pytest.mark.slow
def test_a_plan_that_is_out_of_date_when_the_host_is_free_is_refused(
    contract: Contract, opspact: Call, tmp_path: Path, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opspact("plan", "--live", "--out", "plan.json").code == 0
    with locked(tmp_path / "lock", WHO) as other:
        at_first_pause(monkeypatch, partial(contract.kept.write_text, "meanwhile\n"), partial(end, other))
        said = opspact("apply", "plan.json", "--wait", "5m")
    assert (said.code, "stale" in said.err) == (2, True)
    assert contract.kept.read_text() == "meanwhile\n"


@pytest.mark.slow
@pytest.mark.parametrize("of_folder", [True, False])
def test_when_the_time_is_over_it_is_refused_and_nothing_was_written(
    contract: Contract, opspact: Call, tmp_path: Path, *, of_folder: bool
) -> None:
    opspact("verify")
    before = recorded(contract)
    place = contract.folder / ".opspact/lock" if of_folder else tmp_path / "lock"
    with locked(place, WHO):
        said = opspact("apply", "--yes", "--wait", "2s")
    assert said.code == 2
    assert f"(waited {format_hours(2)}; nothing was done)" in said.err
    assert WHO in said.err
    assert (recorded(contract), contract.kept.exists()) == (before, False)


@pytest.mark.slow
def test_another_apply_of_the_folder_is_waited_for(
    contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    opspact("verify")
    with locked(contract.folder / ".opspact/lock", WHO) as other:
        at_first_pause(monkeypatch, partial(end, other))
        said = opspact("apply", "--yes", "--wait", "5m")
    assert (said.code, contract.kept.exists()) == (0, True)
    assert "another apply of this contract is running" in said.err


@pytest.mark.slow
def test_an_interrupt_ends_the_waiting_and_nothing_was_written(contract: Contract, opspact: Call) -> None:
    opspact("verify")
    before = recorded(contract)
    command = ["env", "--default-signal", sys.executable, "-m", "opspact", "apply", "--yes", "--wait", "5m"]
    with (
        locked(contract.folder / ".opspact/lock", WHO),
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as waiting,
    ):
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        said += waiting.stderr.read()
    assert (waiting.returncode, "Traceback" in said) == (128 + signal.SIGINT, False)
    assert said.startswith("waiting for at most 5m: another apply of this contract is running")
    assert (recorded(contract), contract.kept.exists()) == (before, False)


@pytest.mark.parametrize("wait", ["10", "0s", "5 working days", "soon", ""])
def test_a_time_that_is_none_is_refused(contract: Contract, opspact: Call, wait: str) -> None:
    said = opspact("apply", "--yes", "--wait", wait)
    assert (said.code, "--wait" in said.err, contract.kept.exists()) == (2, True, False)
