"""Connections that stay open for the next command: used again, by this user alone, and closed by themselves."""

import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labkit import Lab
from reaching import HASTY, reached

from opspact.fleet import kept_connections
from opspact.fleet.failures import HostLost
from opspact.fleet.sessions import open_sessions
from opspact.steps.check import Reach
from opspact.structs import replace

pytestmark = pytest.mark.lab

KEEPING = replace(HASTY, keeps_connections=True)
PORT = "ss -Htn state established sport = :22 | awk '{print $4}' | sort"
"""Lists from which ports the host is reached: another one is another connection."""


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where sockets lie in this test; ssh closes what it kept after two seconds."""
    monkeypatch.setattr(kept_connections, "LIFETIME", 2)
    with tempfile.TemporaryDirectory() as folder:  # short enough for a socket
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder, "opspact/connections")
        assert gone(Path(folder, "opspact/connections"), within=20)


def gone(folder: Path, *, within: float) -> bool:
    until = time.monotonic() + within
    while (left := list(folder.glob("*"))) and time.monotonic() < until:
        time.sleep(0.2)
    return not left


def client_port(lab: Lab, name: str) -> str | HostLost:
    """Return the ports from which the host is reached."""
    with open_sessions([reached(lab, name)], settings=KEEPING) as sessions:
        return sessions.each(lambda session: session.run(PORT).stdout.decode())[name]


def test_the_next_command_uses_the_same_connection_which_then_closes(healthy_lab: Lab, sockets: Path) -> None:
    first = client_port(healthy_lab, "app1")
    assert first
    (socket,) = sockets.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (sockets, socket)] == [0o700, 0o600]
    assert client_port(healthy_lab, "app1") == first
    assert gone(sockets, within=10)
    assert client_port(healthy_lab, "app1") != first


def test_a_host_that_was_restarted_meanwhile_is_reached_anew(healthy_lab: Lab, sockets: Path) -> None:
    client_port(healthy_lab, "app2")
    healthy_lab.kill("app2")
    healthy_lab.start("app2")
    begun = time.monotonic()
    assert isinstance(client_port(healthy_lab, "app2"), str)
    assert time.monotonic() - begun < HASTY.login_timeout
    assert sockets.is_dir()


def test_a_host_that_is_cut_off_meanwhile_is_down(healthy_lab: Lab, sockets: Path) -> None:
    client_port(healthy_lab, "app1")
    assert list(sockets.iterdir())
    healthy_lab.cut("app1")
    answer = client_port(healthy_lab, "app1")
    assert isinstance(answer, HostLost)
    assert answer.reach is Reach.DOWN
    healthy_lab.heal("app1")


def test_a_link_that_is_cut_in_the_middle_is_said_to_be(healthy_lab: Lab, sockets: Path) -> None:
    def cut_and_ask(session: object) -> None:
        healthy_lab.cut("app1")
        session.run("id -un", timeout=30)  # type: ignore[attr-defined]

    with open_sessions([reached(healthy_lab, "app1")], settings=KEEPING) as sessions:
        sessions.each(lambda session: session.run("true"))
        answer = sessions.each(cut_and_ask)["app1"]
    healthy_lab.heal("app1")
    assert isinstance(answer, HostLost)
    assert (answer.reach, sockets.is_dir()) == (Reach.CUT_OFF, True)
