"""The machine whose spool is read, and the ledger into which it is collected."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Machine

from opspact.jobs import collection
from opspact.ledger.store import Ledger, open_ledger


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose reader answers from a spool of its own, whichever host it stands for."""
    found = Machine(tmp_path)
    monkeypatch.setattr(collection, "_ASK", shlex.join(found.command_line("reader", found.spool)))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{Path(sys.executable).parent}:/usr/bin:/bin")
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened
