"""Filling ledgers, and changing them behind opspact's back."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledgers import BEGINNING, append

from opspact.ledger.event import Entry, SealedEvent
from opspact.ledger.store import open_ledger

APPENDER = """
import sys
from datetime import UTC, datetime
from opspact.ledger.context import Context
from opspact.ledger.run_events import StageStarted
from opspact.ledger.store import open_ledger
target, actor, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = Context(at=datetime(2026, 11, 23, tzinfo=UTC), actor=actor, contract="office")
with open_ledger(target) as ledger:
    for number in range(count):
        print(ledger.record(StageStarted(actor, "one", attempt=number), context=context).head, flush=True)
"""


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    def make(number: int = 0, **fields: Any) -> Entry:
        defaults: dict[str, Any] = {
            "at": BEGINNING + timedelta(minutes=number),
            "actor": "李娜",
            "kind": "apply.started",
            "contract": "office-automation",
            "commit": "a1b2c3+dirty",
            "plan_digest": "d1",
            "body": {"number": number, "hosts": ["app1", "db1"], "seconds": 1.5},
        }
        return Entry(**defaults | fields)

    return make


@pytest.fixture
def fill(make_entry: Callable[..., Entry]) -> Callable[..., list[SealedEvent]]:
    """Append so many events to the ledger at a place, and close it."""

    def filled(target: Path | str, count: int = 5) -> list[SealedEvent]:
        with open_ledger(target) as ledger:
            return [append(ledger, make_entry(number)) for number in range(1, count + 1)]

    return filled


@pytest.fixture
def tamper() -> Callable[..., None]:
    """Change an SQLite ledger behind opspact's back: the triggers are dropped, and come back afterwards."""

    def tampered(file: Path, *statements: str, parameters: tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(file)) as connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement, parameters)
            for _, sql in triggers:
                connection.execute(sql)
            connection.commit()

    return tampered


@pytest.fixture
def start_appender() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process of its own that appends so many events and prints each head; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(target: Path | str, actor: str, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", APPENDER, str(target), actor, str(count)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
