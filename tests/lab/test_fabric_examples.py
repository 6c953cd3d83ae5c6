"""What fabric's guide shows and its integration tests do, with our connections, on hosts of Debian 12 and 13."""

import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fabric
import pytest
from asking import STRANGE, asks_for, forget
from invoke.exceptions import CommandTimedOut
from invoke.watchers import Responder
from labkit import Lab
from reaching import HASTY, reached

from opspact.fleet.fabric.connection import Connection
from opspact.fleet.fabric.fabfile import call_task, load_fabfile
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.structs import replace
from opspact.values.secret import Secret

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2")
FABFILE = """\
from fabric import task


@task
def upload_and_unpack(c, archive):
    if c.run("test -f /opt/mydata/myfile", warn=True).failed:
        c.put(archive, "/opt/mydata")
        c.run("tar -C /opt/mydata -xzvf /opt/mydata/myfiles.tgz")
"""


@pytest.fixture
def on_hosts(two_releases: Lab) -> Iterator[Callable[[Callable[[Connection], Any]], dict[str, Any]]]:
    """Do work with a connection to each host, one after the other; an error of the work is one of the test."""
    settings = replace(HASTY, keeps_connections=True, become_password=Secret(STRANGE))
    for name in HOSTS:
        asks_for(two_releases, name, STRANGE)
    hosts = [reached(two_releases, name, user="asks") for name in HOSTS]

    def run(work: Callable[[Connection], Any]) -> dict[str, Any]:
        with open_sessions(hosts, settings=settings) as sessions:
            members = list(sessions.each(quiet).values())
            return {member.name: work(member) for member in members if isinstance(member, Connection)}

    yield run
    for name in HOSTS:
        forget(two_releases, name)


def quiet(session: Session) -> Connection:
    connection = Connection(session)
    connection.config.run.update(hide=True, in_stream=False)
    return connection


def test_a_command_and_its_result(on_hosts: Any) -> None:
    def work(c: Connection) -> tuple[object, ...]:
        result = c.run("uname -s")
        return result.stdout.strip(), result.exited, result.ok, result.command, c.is_connected

    assert on_hosts(work) == dict.fromkeys(HOSTS, ("Linux", 0, True, "uname -s", True))


def test_a_terminal_and_many_lines(on_hosts: Any) -> None:
    def work(c: Connection) -> tuple[str, bool, int]:
        sized = c.run("stty size", pty=True)
        return sized.stdout, sized.pty, len(c.run("seq 200000").stdout.splitlines())

    assert on_hosts(work) == dict.fromkeys(HOSTS, ("24 80\r\n", True, 200_000))


def test_a_responder_gives_sudo_its_password_at_a_terminal(on_hosts: Any) -> None:
    def work(c: Connection) -> str:
        answer = Responder(pattern=r"\[sudo\] password[^:]*:", response=f"{STRANGE}\n")
        return c.run("sudo -k whoami", pty=True, watchers=[answer]).stdout.splitlines()[-1]

    assert on_hosts(work) == dict.fromkeys(HOSTS, "root")


def test_sudo_adds_a_user(on_hosts: Any) -> None:
    def work(c: Connection) -> tuple[str, str, bool]:
        c.sudo("useradd mydbuser", hide="stderr")
        found = c.sudo("whoami").stdout, c.run("whoami").stdout, c.run("id -u mydbuser").stdout.strip().isdigit()
        c.sudo("userdel mydbuser")
        return found

    assert on_hosts(work) == dict.fromkeys(HOSTS, ("root\n", "asks\n", True))


def test_a_task_uploads_and_unpacks_once(on_hosts: Any, tmp_path: Path) -> None:
    (tmp_path / "fabfile.py").write_text(FABFILE)
    with tarfile.open(tmp_path / "myfiles.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("myfile")
        entry.size = 6
        archive.addfile(entry, io.BytesIO("数据".encode()))
    assert list(load_fabfile(tmp_path / "fabfile.py")) == ["upload-and-unpack"]

    def work(c: Connection) -> tuple[list[str], str]:
        c.sudo("install -d -o asks /opt/mydata")
        arguments = {"archive": str(tmp_path / "myfiles.tgz")}
        outcomes = [call_task(tmp_path / "fabfile.py", "upload_and_unpack", c, arguments=arguments) for _ in range(2)]
        found = c.run("cat /opt/mydata/myfile").stdout
        c.sudo("rm -r /opt/mydata")
        return [outcome.error + str("tar " in outcome.output) for outcome in outcomes], found

    assert on_hosts(work) == {name: (["True", "False"], "数据") for name in HOSTS}


def test_a_group_of_both(on_hosts: Any) -> None:
    members: list[Connection] = []

    def work(c: Connection) -> None:
        members.append(c)
        if len(members) == len(HOSTS):
            for kind in (fabric.SerialGroup, fabric.ThreadingGroup):
                results = kind.from_connections(members).run("hostname")
                found = {connection.original_host: result.stdout for connection, result in results.items()}
                assert found == {name: f"{name}\n" for name in HOSTS}

    on_hosts(work)
    assert len(members) == len(HOSTS)


def test_time_limits(on_hosts: Any) -> None:
    def work(c: Connection) -> bool:
        assert c.run("sleep 0.2", timeout=30).ok
        begun = time.monotonic()
        with pytest.raises(CommandTimedOut) as late:
            c.run("sleep 60", timeout=1)
        return late.value.timeout == 1 and time.monotonic() - begun < 30

    assert on_hosts(work) == dict.fromkeys(HOSTS, True)


def test_several_connections_to_one_host_in_threads_keep_apart(two_releases: Lab) -> None:
    found: dict[int, list[str]] = {}

    def read(session: Session) -> int:
        connections = [Connection(session.fresh()) for _ in range(3)]

        def work(number: int) -> None:
            first = number * 50_000
            lines = connections[number].run(f"seq {first} {first + 49_999}", hide=True, in_stream=False).stdout
            found[number] = lines.split()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(connections)

    with open_sessions([reached(two_releases, "app1")], settings=HASTY) as sessions:
        assert not isinstance(sessions.each(read)["app1"], HostLost)
    assert [line for number in range(3) for line in found[number]] == [str(number) for number in range(150_000)]
