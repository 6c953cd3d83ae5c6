"""Properties hold on slow machines too. Ledgers to test with: SQLite files, one database on a PostgreSQL of our own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, create_engine, text

from opspact.ledger.store import Ledger, open_ledger

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

SETTINGS = (
    *("listen_addresses=", "fsync=off", "full_page_writes=off", "autovacuum=off", "jit=off"),
    *("wal_level=minimal", "max_wal_senders=0"),
)
"""Of a server whose data nobody needs: no network, nothing kept for a crash."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


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
    identity: dict[str, Any] = {"env": {"PATH": os.environ["PATH"]}}  # as on a machine of its own, whatever day is here
    if os.geteuid() == 0:  # PostgreSQL refuses root
        identity |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
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
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    server = subprocess.Popen([programs / "postgres", "-D", folder / "data", "-k", folder, *settings], **quiet)
    try:
        waiting: list[str | Path] = [programs / "pg_isready", "-q", "-h", folder, "-U", "auditor", "-d", "postgres"]
        for _ in range(300):
            if server.poll() is not None or subprocess.run(waiting, check=False).returncode == 0:
                break
            time.sleep(0.1)
        assert server.poll() is None
        yield str(folder)
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nobody needs the data
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_owner(postgresql_server: str) -> Iterator[Connection]:
    """Yield a connection to the server's one database, by an account that may do anything there."""
    engine = create_engine(f"postgresql+psycopg://auditor@/postgres?host={postgresql_server}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_server: str, postgresql_owner: Connection) -> str:
    """Return the URL of an empty database, to which nobody else is connected."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for statement in (
        f"SELECT pg_terminate_backend(pid) {others}",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
    ):
        postgresql_owner.execute(text(statement))
    return f"postgresql://auditor@/postgres?host={postgresql_server}"


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest) -> str:
    """Return where a ledger may be opened: each test that asks runs on both databases."""
    return str(request.getfixturevalue("file" if request.param == "sqlite" else "postgresql"))


@pytest.fixture
def ledger(target: str) -> Iterator[Ledger]:
    with open_ledger(target) as opened:
        yield opened
