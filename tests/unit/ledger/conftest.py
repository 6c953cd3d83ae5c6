"""Ledgers to test with: SQLite files, and databases on a private PostgreSQL server made for the session."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ledgers import BEGINNING, append
from sqlalchemy import create_engine, text

from opspact.ledger.event import Entry, SealedEvent
from opspact.ledger.store import Ledger, open_ledger

APPENDER = """
import sys
from datetime import UTC, datetime
from opspact.ledger.events import Context
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
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


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


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Yield the folder of the socket of a PostgreSQL server of our own, run by an unprivileged user, no network."""
    programs = _postgresql_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed (apt-get install postgresql), and CI=true wants its tests")
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="opspact-pg-", dir="/tmp"))
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root
        identity = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **identity}
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "auditor",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-A",
        "trust",
    ]
    subprocess.run([*initdb, "--no-sync"], check=True, **quiet)
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
        **quiet,
    )
    try:
        waiting: list[str | Path] = [programs / "pg_isready", "-q", "-h", folder, "-U", "auditor", "-d", "postgres"]
        for _ in range(300):
            if server.poll() is not None or subprocess.run(waiting, check=False).returncode == 0:
                break
            time.sleep(0.1)
        assert server.poll() is None
        yield str(folder)
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture
def postgresql(postgresql_server: str, request: pytest.FixtureRequest) -> str:
    """Return the URL of a new database."""
    name = f"ledger_{abs(hash(request.node.nodeid))}"
    address = f"postgresql://auditor@/{{}}?host={postgresql_server}"
    engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address.format(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest) -> str:
    """Return where a ledger may be opened: each test that asks runs on both databases."""
    return str(request.getfixturevalue("file" if request.param == "sqlite" else "postgresql"))


@pytest.fixture
def ledger(target: str) -> Iterator[Ledger]:
    with open_ledger(target) as opened:
        yield opened
