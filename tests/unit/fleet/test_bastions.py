"""Hosts behind one bastion: only so many log in there at a time."""

from pathlib import Path

import pytest

from opspact.fleet.ansible_configuration import MOST_FORKS, RunSettings, forks
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.bastion import LOGINS_AT_ONCE, Bastion
from opspact.model.inventory.host import Host

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
