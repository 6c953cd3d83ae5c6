"""A secret that a policy names is on the hosts where it belongs, in a file for its owner alone, and nowhere else."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import files_with, loud, on_host, secrets_of, watched
from contracts import Contract, Said, small
from labkit import Lab

from opspact.model import names

pytestmark = pytest.mark.lab

POLICIES = """\
kind: backup
name: kept
hosts: app1
what: {paths: [/etc]}
schedule: daily at 02:00
to: {host: backup1, repository: canary}
strategy: incremental
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:vault:borg
check: {schedule: weekly on sunday at 05:00}
"""

BELONGS = {
    "app1": names.passphrase_file("backup", "canary"),
    "backup1": names.passphrase_file("repository", "canary"),
}
"""Each host's one file with the passphrase."""


@pytest.fixture
def contract(healthy_lab: Lab) -> Iterator[Contract]:
    with small(healthy_lab, "canary", POLICIES) as made:
        yield made


@pytest.fixture
def anew_afterwards(healthy_lab: Lab) -> Iterator[None]:
    """The hosts that hold the secret are made anew after the test."""
    yield
    healthy_lab.up()
    healthy_lab.reset("app1", "backup1")


def reported(contract: Contract) -> list[Said]:
    """Return everything that opspact says of what happened, in every form."""
    return [
        loud(contract, "verify"),
        loud(contract, "verify", "--format", "json"),
        loud(contract, "plan", "--live", "--format", "json"),
        loud(contract, "backup", "run", "--format", "json"),
        loud(contract, "backup", "status", "--collect", "--format", "json"),
        loud(contract, "ledger", "export"),
        loud(contract, "compile", "--out", str(contract.home / "project")),
    ]


def nowhere_else(lab: Lab, contract: Contract, *said: Said) -> None:
    words = secrets_of(contract)
    assert not [word for one in said for word in words if word in one.out + one.err]
    places = [str(contract.home), "/tmp", "/dev/shm", "/run/user", str(Path.home())]
    assert files_with(words, contract.home / "vault-password", *places) == []
    for host in ("app1", "backup1"):
        assert set(on_host(lab, host, words)) <= {BELONGS[host]}


def test_the_search_finds_what_it_is_to_find(contract: Contract) -> None:
    words = secrets_of(contract)
    leaks = [contract.home / f"leak{number}" for number in range(len(words))]
    for leak, word in zip(leaks, words, strict=True):
        leak.write_bytes(b"\0" + word.encode() + b"\xff")
    with watched(words) as watch:
        subprocess.run(["sleep", "1"], env={"LEAK": words[0]}, check=True)
    assert set(files_with(words, contract.home / "vault-password", str(contract.home))) == set(map(str, leaks))
    assert len(watch.seen) == 1


@pytest.mark.usefixtures("anew_afterwards")
def test_a_secret_is_in_no_file_log_row_process_or_answer_but_where_it_belongs(
    healthy_lab: Lab, contract: Contract
) -> None:
    words = secrets_of(contract)
    healthy_lab.fill("backup1", "/srv")
    with watched(words) as first:
        failed = loud(contract, "apply", "--yes", "--format", "json")
    assert (failed.code, failed.json["ansible_started"]) == (3, True)
    nowhere_else(healthy_lab, contract, failed)
    healthy_lab.unfill("backup1")
    with watched(words) as second:
        fixed = loud(contract, "apply", "--yes")
        said = reported(contract)
    assert (fixed.code, "converged" in fixed.out) == (0, True)
    assert [one.code for one in said] == [0] * len(said)
    nowhere_else(healthy_lab, contract, fixed, *said)
    assert min(first.looks, second.looks) > 10
    assert first.seen | second.seen == set()
    for host, path in BELONGS.items():
        assert healthy_lab.root(host, f"cat {path}; stat -c %a {path}").out == f"{contract.passphrase}600\n"
    assert on_host(healthy_lab, "app1", [contract.passphrase]) == [BELONGS["app1"]]


def test_a_wrong_vault_password_shows_neither_it_nor_the_secret(healthy_lab: Lab, contract: Contract) -> None:
    words = secrets_of(contract)
    wrong = contract.home / "wrong-password"
    wrong.touch(mode=0o600)
    wrong.write_text("Wrong-8d1f2c\n")
    said = contract.run("apply", "--yes", "--debug", ANSIBLE_VAULT_PASSWORD_FILE=str(wrong))
    assert (said.code, "cannot decrypt secrets.vault.yaml" in said.err) == (2, True)
    assert not [word for word in [*words, "Wrong-8d1f2c"] if word in said.out + said.err]
    assert healthy_lab.root("app1", f"ls {BELONGS['app1']}").out == ""
