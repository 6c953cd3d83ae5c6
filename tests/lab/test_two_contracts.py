"""Two contracts on one host, each with a ledger of its own: what one drops or changes is not the other's loss."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from contracts import Contract, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

SERVICE = """\
kind: service
name: {name}
hosts: app1
owner: crew
packages: [tree]
directories: [{{path: /srv/shared}}]
files:
  - {{path: /srv/shared/note, source: files/note}}
  - {{path: /srv/shared/{name}, source: files/note}}
"""
SEEN = "command -v tree; cat /srv/shared/note; ls /srv/shared 2>/dev/null; true"


@pytest.fixture
def contracts(healthy_lab: Lab, fresh_host: FreshHost) -> Iterator[tuple[Contract, Contract]]:
    fresh_host("app1")
    with ExitStack() as stack:
        made = tuple(
            stack.enter_context(small(healthy_lab, name, SERVICE.format(name=name))) for name in ("ours", "theirs")
        )
        for contract in made:
            contract.write("files/note", "noted\n")
            contract.commit()
            contract.run("apply", "--yes")
        yield made[0], made[1]


@pytest.fixture
def other_machine() -> Iterator[Path]:
    """A folder for what is on another control machine; short, for the sake of ssh's sockets."""
    with TemporaryDirectory(prefix="opc-", dir="/tmp") as folder:
        yield Path(folder)


def test_what_one_contract_drops_stays_while_the_other_needs_it(
    healthy_lab: Lab, contracts: tuple[Contract, Contract]
) -> None:
    ours, theirs = contracts
    for contract in (ours, theirs):
        contract.drop("policies/all.yaml", contract.name)
        contract.commit()

    planned = ours.good("plan", "--live").out
    applied = ours.good("apply", "--yes").out

    assert "the contract theirs needs it" in planned
    assert "the contract theirs needs it" in applied
    assert healthy_lab.root("app1", SEEN).out.splitlines() == ["/usr/bin/tree", "noted", "note", "theirs"]
    theirs.good("apply", "--yes")  # who needs it last removes it
    assert healthy_lab.root("app1", f"{SEEN}; ls -d /srv/shared").out == ""


def test_a_package_stays_whose_unit_the_other_contract_wants(
    healthy_lab: Lab, contracts: tuple[Contract, Contract]
) -> None:
    ours, theirs = contracts
    healthy_lab.root("app1", "dpkg-query --show nginx && apt-get -y remove nginx nginx-common")
    ours.change("policies/all.yaml", "packages: [tree]", "packages: [tree, nginx]")
    theirs.change("policies/all.yaml", "packages: [tree]", "packages: [tree]\nunits: [nginx.service]")
    for contract in (ours, theirs):
        contract.commit()
        contract.good("apply", "--yes")
    ours.drop("policies/all.yaml", "ours")
    ours.commit()

    applied = " ".join(ours.good("apply", "--yes").out.split())

    assert "needed by unit nginx.service of the contract theirs" in applied
    theirs.good("verify")


def test_what_the_other_contract_wants_differently_is_refused_and_nothing_is_changed(
    healthy_lab: Lab, contracts: tuple[Contract, Contract]
) -> None:
    ours, theirs = contracts
    ours.write("files/note", "changed\n")
    ours.commit()

    applied = ours.run("apply", "--yes", "--format", "json")

    assert applied.code != 0
    assert "the contract theirs wants file /srv/shared/note differently" in applied.out
    assert healthy_lab.root("app1", "cat /srv/shared/note").out == "noted\n"
    assert healthy_lab.root("app1", "cat /srv/shared/ours").out == "changed\n"  # all else is made
    assert ours.run("verify").code == 1
    theirs.good("verify")
    theirs.write("files/note", "changed\n")
    theirs.commit()
    theirs.good("apply", "--yes")  # now both want the same
    ours.good("apply", "--yes")
    assert healthy_lab.root("app1", "cat /srv/shared/note").out == "changed\n"


def test_a_manifest_of_the_other_contract_that_cannot_be_read_stops_changes(
    healthy_lab: Lab, contracts: tuple[Contract, Contract]
) -> None:
    ours, _ = contracts
    healthy_lab.root("app1", "echo nonsense >/var/lib/opspact/manifests/theirs.json")
    ours.good("verify")  # nothing is to be done
    ours.drop("policies/all.yaml", "ours")
    ours.commit()

    applied = ours.run("apply", "--yes", "--format", "json")

    assert applied.code != 0
    assert "/var/lib/opspact/manifests/theirs.json of another contract cannot be read" in applied.out
    assert healthy_lab.root("app1", SEEN).out.splitlines() == ["/usr/bin/tree", "noted", "note", "ours", "theirs"]


def test_an_older_clone_does_not_undo_what_a_newer_one_applied(
    healthy_lab: Lab, contracts: tuple[Contract, Contract], other_machine: Path
) -> None:
    """Two control machines in turn, each with a clone and a ledger of its own."""
    newer, _ = contracts
    shutil.copytree(newer.home, other_machine, dirs_exist_ok=True, ignore=shutil.ignore_patterns(newer.kept.name))
    older = replace(newer, home=other_machine)
    shutil.rmtree(older.folder / ".opspact")
    newer.change("policies/all.yaml", "packages: [tree]", "packages: [tree, procps]")
    newer.write("files/note", "newer\n")
    newer.change("policies/all.yaml", "/srv/shared/note", "/srv/shared/newer-note")
    newer.commit()
    newer.good("apply", "--yes")
    assert older.run("plan", "--live").code == 0
    seen = older.run("verify", "--format", "json").of_host("app1")["manifest"]

    refused = older.run("apply", "--yes", "--format", "json")

    assert seen["state"] == "older"
    assert refused.code != 0
    assert "--allow-older" in refused.of_host("app1")["why"]
    assert healthy_lab.root("app1", "cat /srv/shared/ours").out == "newer\n"
    newer.good("verify")
    older.good("apply", "--yes", "--allow-older")
    assert healthy_lab.root("app1", "cat /srv/shared/ours").out == "noted\n"
    newer.good("apply", "--yes")  # the later commit goes on from there
    assert healthy_lab.root("app1", "cat /srv/shared/ours").out == "newer\n"
