"""Emergency access on hosts of both releases: opened for a while, closed by the host itself, used or not, reviewed.

app1 is of Debian 12, db1 is of 13.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import own_key
import pytest
from contracts import Contract, no_lock, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

HOSTS = ("app1", "db1")
EM = "em-anna-li"
UNIT = "opspact-emergency_access-urgent"
GRANTED = "/var/lib/opspact/emergency_access/urgent"
POLICIES = """\
kind: clause
name: A9
section: "1"
text: {{zh: 账号, en: Accounts}}
kept_by: opspact
evidence_within: 2 days
---
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
keys: ["{key}"]
---
kind: person
name: bo-wu
text: {{zh: 吴, en: Bo Wu}}
from: 2026-01-01
---
kind: access
name: urgent
clauses: [A9]
hosts: db
people: {{team: crew}}
groups: [adm]
sudo: [ALL]
emergency: {{at_most: 1h, review_within: 24h}}
---
kind: access
name: nobody-else
hosts: db
others:
  accounts: [ops, nosudo]
  keys: [{marks}]
  sudo: ["ops ALL=(ALL:ALL) NOPASSWD: ALL"]
"""
LEFT = f"pgrep -u {EM}; id -nG {EM}; ls /etc/sudoers.d {GRANTED} | grep -e urgent -e json"
CLOSED = f"{EM}\n{GRANTED}:\n"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_key.make_key(tmp_path_factory.mktemp("keys"), "anna-li")


@pytest.fixture(scope="module")
def contract(two_databases: Lab, key: Path) -> Iterator[Contract]:
    command = 'for who in ops nosudo; do ssh-keygen -lf /home/$who/.ssh/authorized_keys | sed "s/^/$who /"; done'
    marks = re.findall(r"(\w+) \d+ (SHA256:\S+)", two_databases.root("app1", command).out)
    named = ", ".join(f"{who} {mark}" for who, mark in marks)
    with small(two_databases, "urgent", POLICIES.format(key=own_key.public(key), marks=named)) as made:
        made.good("apply", "--yes")
        yield made


def grant(contract: Contract, length: str) -> Mapping[str, str]:
    """Grant access for a while; return what each host answered."""
    words = ("--person", "anna-li", "--for", length, "--reason", "disk full", "--format", "json")
    said = contract.run("access", "grant", "urgent", *words)
    return {each["name"]: each["answer"] for each in said.json["hosts"]}


def newest(contract: Contract) -> Mapping[str, Mapping[str, str]]:
    """Collect, and return what became of the newest grant on each host."""
    contract.good("inspect", "collect")
    found = contract.run("access", "show", "--format", "json").json["grants"][-1]
    return {each["name"]: each for each in found["hosts"]}


def state(contract: Contract) -> str:
    """Return how the review of the policy stands."""
    (owed,) = contract.run("access", "show", "--format", "json").json["obligations"]
    return str(owed["state"])


def closed(lab: Lab, *hosts: str) -> bool:
    return all(lab.root(host, LEFT).out == CLOSED for host in hosts)


def test_it_is_open_while_it_is_granted_and_closed_by_the_host_itself(
    two_databases: Lab, contract: Contract, key: Path
) -> None:
    assert own_key.logs_in(two_databases, "app1", key, user=EM)[0] == ""
    assert grant(contract, "25s") == dict.fromkeys(HOSTS, "opened")
    with ExitStack() as held:
        sessions = [held.enter_context(own_key.session(two_databases, host, key, user=EM)) for host in HOSTS]
        for host in HOSTS:
            said = own_key.logs_in(two_databases, host, key, user=EM, command="id -nG; sudo -n id -u")
            assert said[0] == f"{EM} adm\n0\n", said[1]
        contract.good("verify")
        until(lambda: all(each.poll() is not None for each in sessions), within=60)  # nobody is connected but her
    until(lambda: closed(two_databases, *HOSTS))
    for host in HOSTS:
        assert own_key.logs_in(two_databases, host, key, user=EM)[0] == ""
    found = newest(contract)
    assert {host: (it["state"], it["used"]) for host, it in found.items()} == dict.fromkeys(HOSTS, ("over", "yes"))
    assert all("2 logins, 1 command by sudo" in it["detail"] for it in found.values())


def test_it_is_reviewed_by_somebody_else(contract: Contract) -> None:
    assert state(contract) == "not_due"
    contract.good("record", "access/urgent", "--by", "anna-li")
    assert state(contract) == "not_due"
    contract.good("record", "access/urgent", "--by", "bo-wu", "--note", "one restart, as agreed")
    assert state(contract) == "kept"


def test_unused_is_recorded_and_a_host_that_was_off_opens_nothing_again(
    two_databases: Lab, contract: Contract, key: Path
) -> None:
    assert grant(contract, "12s") == dict.fromkeys(HOSTS, "opened")
    two_databases.stop("db1")
    until(lambda: closed(two_databases, "app1"), within=40)
    two_databases.start("db1")
    assert own_key.logs_in(two_databases, "db1", key, user=EM)[0] == ""
    until(lambda: closed(two_databases, "db1"), within=40)
    assert {host: (it["state"], it["used"]) for host, it in newest(contract).items()} == dict.fromkeys(
        HOSTS, ("over", "no")
    )


def test_revoked_is_closed_at_once_and_a_killed_program_goes_on(
    two_databases: Lab, contract: Contract, key: Path
) -> None:
    grant(contract, "30m")
    main = f"systemctl show --value --property MainPID {UNIT}.service"
    before = two_databases.root("app1", f"{main}; systemctl kill --signal KILL {UNIT}.service").out
    until(lambda: two_databases.root("app1", main).out not in {before, "0\n"})
    contract.good("access", "revoke", "urgent")
    assert closed(two_databases, *HOSTS)
    assert own_key.logs_in(two_databases, "app1", key, user=EM)[0] == ""
    assert all("revoked by" in it["detail"] for it in newest(contract).values())


def test_a_grant_waits_for_no_apply_and_no_apply_closes_it(two_databases: Lab, contract: Contract, key: Path) -> None:
    for host in HOSTS:
        two_databases.root(host, f"echo '# by hand' >>/etc/systemd/system/{UNIT}.timer")
    running = contract.start("apply", "--yes")
    until(lambda: not no_lock(two_databases, *HOSTS), within=120)
    assert grant(contract, "30m") == dict.fromkeys(HOSTS, "opened")
    out, err = running.communicate(timeout=600)
    assert running.returncode == 0, out + err
    contract.good("verify")
    for host in HOSTS:
        said = own_key.logs_in(two_databases, host, key, user=EM, command="sudo -n id -u")
        assert said[0] == "0\n", said[1]
    contract.good("access", "revoke", "urgent")
    assert closed(two_databases, *HOSTS)


def test_a_host_that_does_not_close_it_is_failed_until_an_apply_does(two_databases: Lab, contract: Contract) -> None:
    grant(contract, "30m")
    stop = f"systemctl stop {UNIT}.path {UNIT}.timer {UNIT}.service"
    past = f'sed -i -E \'s/"until": [0-9.]+/"until": 1000000000/\' {GRANTED}/{EM}.json'
    assert two_databases.root("app1", f"{stop} && {past}").rc == 0
    assert grant(contract, "5m") == dict.fromkeys(HOSTS, "not opened")
    found = contract.run("verify", "--format", "json").json["hosts"]
    checks = {(host["name"], it["step"]): it for host in found for it in host["checks"]}
    step = f"emergency-access {EM} in urgent"
    assert (checks["app1", step]["state"], checks["db1", step]["state"]) == ("failed", "ok")
    assert "its time was over at 2001-09-09" in checks["app1", step]["detail"]
    contract.good("apply", "--yes")
    assert closed(two_databases, "app1")
    contract.good("access", "revoke", "urgent", "--limit", "db1")
    contract.good("trace", "A9")


def test_the_policy_s_end_closes_what_is_open(two_databases: Lab, contract: Contract, key: Path) -> None:
    grant(contract, "30m")
    contract.change("policies/all.yaml", "teams: [crew]\n", "teams: []\n")
    contract.change("policies/all.yaml", "people: {team: crew}", "people: {person: bo-wu}")
    contract.commit()
    contract.good("apply", "--yes")
    assert closed(two_databases, *HOSTS)
    assert own_key.logs_in(two_databases, "app1", key, user=EM)[0] == ""
