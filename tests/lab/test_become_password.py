"""Hosts whose sudo asks for a password: it is given by reference, reaches sudo alone, and is nowhere else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from asking import STRANGE, asks_for, forget, made_by_ansible
from canary import files_with, loud, on_host, secrets_of, watched
from contracts import Contract, small
from labkit import Lab

from opspact.fleet.ansible import HostState

pytestmark = pytest.mark.lab

POLICY = """\
kind: service
name: note
hosts: app1
owner: crew
files: [{path: /srv/asking/note, source: files/note}]
directories: [{path: /srv/asking}]
"""
GIVEN = ("--become-password", "secret:vault:borg")


@pytest.fixture
def asking(healthy_lab: Lab) -> Iterator[Lab]:
    """The lab; the user on app1 goes after the test."""
    yield healthy_lab
    forget(healthy_lab, "app1")
    healthy_lab.root("app1", "rm -rf /srv/asking")


@pytest.fixture
def contract(asking: Lab) -> Iterator[Contract]:
    """A contract whose vault has the password that sudo on app1 asks for."""
    with small(asking, "asking", POLICY) as made:
        made.write("files/note", "noted\n")
        made.write("inventory/host_vars/app1.yml", "ansible_user: asks\n")
        made.commit()
        asks_for(asking, "app1", made.passphrase)
        yield made


def test_everything_that_reaches_hosts_takes_the_password_and_shows_it_nowhere(asking: Lab, contract: Contract) -> None:
    words = secrets_of(contract)
    with watched(words) as watch:
        applied = loud(contract, *GIVEN, "apply", "--yes")
        said = [
            loud(contract, *GIVEN, "verify"),
            loud(contract, *GIVEN, "plan", "--live", "--format", "json"),
            loud(contract, *GIVEN, "apply", "--yes", "--format", "json"),
            loud(contract, "ledger", "export"),
        ]
    assert (applied.code, "converged" in applied.out) == (0, True), applied.out + applied.err
    assert [one.code for one in said] == [0] * len(said)
    assert asking.root("app1", "cat /srv/asking/note").out == "noted\n"

    assert not [word for one in [applied, *said] for word in words if word in one.out + one.err]
    places = [str(contract.home), "/tmp", "/dev/shm", "/run/user", str(Path.home())]
    assert files_with(words, contract.home / "vault-password", *places) == []
    assert on_host(asking, "app1", words) == []
    assert watch.seen == set()
    assert watch.looks > 10


def test_without_it_the_host_is_named_with_the_way_out_and_nothing_is_done(asking: Lab, contract: Contract) -> None:
    said = contract.run("apply", "--yes")

    assert said.code == 3
    assert "cannot become root" in said.out
    assert "--become-password secret:vault:NAME or --ask-become-pass" in " ".join(said.out.split())
    assert asking.root("app1", "ls /srv/asking").out == ""


def test_a_wrong_one_is_told_as_such_and_not_shown(contract: Contract) -> None:
    said = contract.run("--become-password", "secret:env:WRONG", "apply", "--yes", WRONG="Wrong-8d1f2c")

    assert (said.code, "sudo rejected the password" in said.out) == (3, True)
    assert "Wrong-8d1f2c" not in said.out + said.err


@pytest.mark.parametrize("strategy", ["mitogen", "plain"])
def test_ansible_gives_sudo_any_password_as_it_is(
    asking: Lab, tmp_path: Path, strategy: Literal["mitogen", "plain"]
) -> None:
    asks_for(asking, "app1", STRANGE)
    outcome = made_by_ansible(asking, tmp_path, STRANGE, strategy=strategy)
    assert {name: host.state for name, host in outcome.hosts.items()} == {"app1": HostState.OK, "app2": HostState.OK}
    assert asking.root("app1", "stat -c %U /srv/asking").out == "root\n"
    asking.root("app2", "rmdir /srv/asking")
