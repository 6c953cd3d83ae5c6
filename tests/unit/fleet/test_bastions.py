"""Hosts behind one bastion: only so many log in there at a time, and what it says instead of obeying is repeated."""

import time
from pathlib import Path

import pytest

from opspact.fleet.ansible_configuration import MOST_FORKS, RunSettings, forks
from opspact.fleet.connection import Connection, Settings
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.bastion import LOGINS_AT_ONCE, Bastion
from opspact.model.inventory.host import Host
from opspact.steps.check import Reach

MANY = 3 * LOGINS_AT_ONCE
SSH = """\
#!/bin/sh
: >{folder}/at-$$
set -- {folder}/at-* "$@"
count=0; for name; do case $name in {folder}/at-*) count=$((count + 1)) ;; esac; last=$name; done
echo $count >>{folder}/counts
sleep 0.1
rm {folder}/at-$$
exec /bin/sh -c "$last"
"""


def logins_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch, hosts: list[Host]) -> int:
    (folder / "ssh").write_text(SSH.format(folder=folder))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    with open_sessions(hosts, settings=Settings()) as sessions:
        said = sessions.each(lambda session: session.run("echo here").stdout)
    assert list(said.values()) == [b"here\n"] * len(hosts)
    return max(map(int, (folder / "counts").read_text().split()))


def test_they_log_in_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = {"ansible_host": "192.0.2.1", "ansible_become": False}
    hosts = [Host(f"h{number}", door | {"ansible_user": f"li@root@h{number}"}) for number in range(MANY)]

    assert 1 < logins_at_once(tmp_path, monkeypatch, hosts) <= LOGINS_AT_ONCE


def test_ansible_works_on_as_few_at_a_time_where_there_are_more() -> None:
    names = tuple(f"h{number}" for number in range(MANY))
    many, few = Bastion("192.0.2.1", names), Bastion("192.0.2.1", names[:LOGINS_AT_ONCE])

    assert [forks(RunSettings(bastions=(it,)), MANY) for it in (many, few)] == [LOGINS_AT_ONCE, MANY]
    assert forks(RunSettings(), 100) == MOST_FORKS
    assert forks(RunSettings(bastions=(many,), forks=3), MANY) == 3


def client(folder: Path, body: str) -> Connection:
    (folder / "ssh").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "ssh").chmod(0o755)
    return Connection("app1", (str(folder / "ssh"),), become=False)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("printf '  1) assets\\r\\nOpt> '; exec sleep 60", "Opt>"),  # a menu that waits
        ("echo 'no such asset'; exit 1", "no such asset"),
        ("echo 'command not permitted' >&2; exit 126", "command not permitted"),
    ],
)
def test_what_a_bastion_says_instead_of_running_a_command_is_repeated(tmp_path: Path, body: str, said: str) -> None:
    session = Session(client(tmp_path, body), Settings(login_timeout=0.5))
    with pytest.raises(HostLost) as lost:
        session.open()
    assert (lost.value.reach, said in lost.value.detail) == (Reach.BROKEN, True)


@pytest.mark.parametrize(("notice", "is_said"), [(0.1, True), (60.0, False)])
def test_a_connection_that_is_lost_after_a_time_without_use_says_so(
    tmp_path: Path, *, notice: float, is_said: bool
) -> None:
    for_last = "for last; do :; done; /bin/sh -c \"$last\"; echo 'Connection closed by remote host' >&2; exit 255"
    session = Session(client(tmp_path, for_last), Settings(idle_notice=notice))
    assert session.run("true").rc == 0
    time.sleep(0.2)
    with pytest.raises(HostLost) as lost:
        session.run("kill -9 $(ps -o ppid= -p $PPID)")
    assert lost.value.reach is Reach.CUT_OFF
    assert ("idle" in lost.value.detail) is is_said
