"""A connection whose host is this machine: everything that does not need a network is the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fabric_here import connected

from opspact.fleet.fabric.connection import Connection


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setenv("SHELL", "/bin/bash")
    made = connected()
    yield made
    made.close()
    made.session.close()


@pytest.fixture
def other_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is first on the path, where this machine's user is not root."""
    program = tmp_path / "id"
    program.write_text("#!/bin/sh\necho 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path
