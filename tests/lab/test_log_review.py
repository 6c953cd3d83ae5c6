"""Logs reviewed on hosts of both releases: app1 is of Debian 13, app2 of 12. Each review goes on after the last."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: log_review
name: daily
clauses: []
hosts: app1:app2
schedule: monthly on day 1 at 03:00
sources: [journal, logins, sudo]
passwords: forbidden
baseline: {learn: 1s}
read_by: crew
---
kind: log_review
name: databases
clauses: []
hosts: app2:db1
schedule: monthly on day 1 at 04:00
sources: [postgresql]
---
kind: person
name: li-na
teams: [crew]
account: lina
from: 2026-01-01
---
kind: redaction
name: pins
patterns: ['pin\\d+']
instead: "***"
"""
HOSTS = ("app1", "app2")
EVE = """
useradd --create-home --shell /bin/bash eve && echo eve:right | chpasswd
printf 'PasswordAuthentication yes\\n' >/etc/ssh/sshd_config.d/00-eve.conf
sshd -T | grep -q persourcepenalties && echo 'PerSourcePenalties no' >>/etc/ssh/sshd_config.d/00-eve.conf
systemctl reload ssh || systemctl restart ssh
"""
FORGERIES = r"""
logger -t sshd 'Accepted password for root from 9.9.9.9 port 1 ssh2'
logger -t sshd-session "$(printf 'Accepted password for ops from 9.9.9.9 port 1 ssh2\033[2J')"
logger -t sudo '    root : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/forged'
logger -t sudo '     ops : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/forged'
logger -t useradd 'new user: name=forged, UID=0, GID=0, home=/, shell=/bin/sh'
printf 'MESSAGE=x\n\n__CURSOR=s=1;i=1;b=1;m=1;t=1;x=1\nMESSAGE=Accepted password for li from 9.9.9.9 port 1 ssh2\n' |
    logger --journald 2>/dev/null || true
"""
DATABASES = ("app2", "db1")
CLERK = """
cd /
psql() { runuser -u postgres -- psql -Xqd postgres "$@"; }
psql -c "create role clerk login password 'right'"
psql -c "alter system set log_connections = on" -c "alter system set log_destination = 'stderr,syslog'"
psql -c "select pg_reload_conf()" >/dev/null
"""
CLERK_LOGIN = "cd /; PGSSLMODE=require PGPASSWORD={} psql -Xqtd postgres -U clerk -h 127.0.0.1 -c 'select 1'"
FORGED_CLERK = "logger -t postgres '[9-1] x LOG:  connection authorized: user=forged database=postgres'"
LONG = "sudo /bin/echo --password=Geheim7 pin4711 " + "a" * 3000 + " end"


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    with small(two_releases, "reviewing", POLICIES) as made:
        made.good("apply", "--yes")
        for host in HOSTS:
            assert two_releases.root(host, EVE).rc == 0
        review(made)
        yield made


def review(contract: Contract, policy: str = "daily") -> dict[str, Any]:
    """Review the logs of both hosts now; return the results by host."""
    ran = contract.run("inspect", "run", policy, "--format", "json")
    assert ran.code in {0, 1}, ran.err
    return {each["host"]: each for each in ran.json["results"]}


def strange(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(item["item"], item["subject"]): item["message"] for item in result["items"] if item["verdict"] != "ok"}


def account(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next((each for each in result["items"] if (each["item"], each["subject"]) == ("account", name)), {})


def logins(lab: Lab, host: str, user: str, *, password: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Try to log in with a password, three times with one connection if it is wrong."""
    asking = folder / f"{host}-{password}"
    asking.write_text(f"#!/bin/sh\necho {password}\n")
    asking.chmod(0o700)
    options = ("PreferredAuthentications=password", "PubkeyAuthentication=no", "StrictHostKeyChecking=no")
    command = ["ssh", "-F", "none", *(word for option in options for word in ("-o", option))]
    command += ["-o", "UserKnownHostsFile=/dev/null", "-l", user, lab.address(host), "true"]
    environment = {**os.environ, "SSH_ASKPASS": str(asking), "SSH_ASKPASS_REQUIRE": "force"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_storm_of_failures_and_then_a_success_is_reported_on_both(
    two_releases: Lab, contract: Contract, tmp_path: Path
) -> None:
    forged = "x from 9.9.9.9 port 1 ssh2"
    storm = [logins(two_releases, host, "eve", password="wrong", folder=tmp_path) for host in HOSTS for _ in range(3)]
    storm += [logins(two_releases, host, forged, password="wrong", folder=tmp_path) for host in HOSTS]
    assert {each.wait(60) for each in storm} == {255}
    good = [logins(two_releases, host, "eve", password="right", folder=tmp_path) for host in HOSTS]
    assert [each.wait(60) for each in good] == [0, 0]
    for host in HOSTS:
        assert two_releases.run(host, FORGERIES).rc == 0
        assert two_releases.run(host, LONG).rc == 0
    found = review(contract)
    for host in HOSTS:
        text = json.dumps(found[host], ensure_ascii=False)
        (success,) = (text for (kind, who), text in strange(found[host]).items() if kind == "failures then success")
        lines = two_releases.root(host, "journalctl -o cat --since=-10min | grep -c '^Failed password for eve '").out
        assert int(lines) == 9, (host, lines)
        assert (
            success.startswith("eve logged in from "),
            success.endswith("by password after 12 failed attempts."),
        ) == (
            True,
            True,
        ), success
        assert ("password login", "eve") in strange(found[host])
        assert account(found[host], "eve")["counts"]["failed logins"] == 9
        assert not strange(found[host]).keys() & {("root login", "root"), ("account tool", "forged")}
        assert ("from 9.9.9.9 by" in text, "name=forged" in text) == (False, False)
        rows = [row for item in found[host]["items"] for row in item.get("commands", ())]
        assert {target for _, target, command in rows if command == "/bin/forged"} <= {"root (unproven)"}
        assert f'"{forged}"' in json.loads(json.dumps(text)).replace('\\"', '"')
        commands = [command for _, _, command in account(found[host], "ops")["commands"]]
        assert any(each.startswith("/bin/echo --password=[redacted] *** aaa") for each in commands), commands[-3:]
        assert ("Geheim7" in text, "pin4711" in text, "(command continued)" in text) == (False, False, False)
        assert [kind for kind, _ in strange(found[host]) if kind == "log gap"] == []
    shown = contract.run("inspect", "show", "daily")
    assert (shown.code, "failures then success" in shown.out, "\x1b" in shown.out) == (1, True, False)
    assert "log review" in contract.run("trace", "log_review/daily").out


def test_new_root_accounts_keys_and_rules_are_reported_on_both(two_releases: Lab, contract: Contract) -> None:
    change = (
        "useradd -o -u 0 -g 0 -M toor && cat ~ops/.ssh/authorized_keys >>~nosudo/.ssh/authorized_keys && "
        "echo 'eve ALL=(ALL) ALL' >/etc/sudoers.d/eve && usermod -aG adm eve && touch ~/x && "
        "useradd -M bob && passwd -q -d bob && { timeout 5 script -qc 'login -f root' /dev/null </dev/null || true; }"
    )
    for host in HOSTS:
        assert two_releases.root(host, change).rc == 0
    for host, result in review(contract).items():
        found = strange(result)
        assert found["UID 0 added", "toor"] == "The account toor with UID 0 is new."
        assert {"sudo rules added", "key added", "key changed", "privileged group added"} & {kind for kind, _ in found}
        assert ("sudo rules added", "/etc/sudoers.d/eve") in found
        assert ("privileged group added", "adm eve") in found
        assert ("empty password added", "bob") in found
        assert "passwd: the password of bob was changed, locked, unlocked or removed." in found.values()
        at_console = {"app2": "root logged in from console by login."}  # Debian 13 has no login in its base
        assert found.get(("root login", "root")) == at_console.get(host)
        assert any(
            kind == "account tool" and "useradd: new user: name=toor" in text for (kind, _), text in found.items()
        )
        assert result["verdict"] == "critical"


def test_a_vacuumed_journal_and_a_stopped_one_are_gaps_on_both(two_releases: Lab, contract: Contract) -> None:
    vacuum = "for i in 1 2 3 4 5; do logger gone; done; journalctl --rotate --vacuum-time=1s; sleep 1.1; "
    for host in HOSTS:
        assert two_releases.root(host, vacuum + "journalctl --rotate --vacuum-time=1s; logger left").rc == 0
    for result in review(contract).values():
        (gap,) = (each for each in result["items"] if each["item"] == "log gap")
        assert (gap["subject"].split()[0], gap["verdict"], gap["count"] >= 5) == ("vacuum", "unknown", True)
    for host in HOSTS:
        killed = "systemctl kill -s KILL systemd-journald; sleep 1; systemctl start systemd-journald; logger after"
        assert two_releases.root(host, killed).rc == 0
    for result in review(contract).values():
        assert [each["subject"].split()[0] for each in result["items"] if each["item"] == "log gap"] == ["stopped"]


def test_logins_to_databases_are_reviewed_once_they_stand_in_the_journal_of_both(
    two_releases: Lab, contract: Contract
) -> None:
    for result in review(contract, "databases").values():
        (text,) = (text for (kind, _), text in strange(result).items() if kind == "not fully reviewable")
        assert "log_connections is off" in text or "does not log to the journal" in text
    for host in DATABASES:
        assert two_releases.root(host, CLERK).rc == 0
        codes = [two_releases.run(host, CLERK_LOGIN.format(password)).rc for password in ("right", "right", "wrong")]
        assert codes == [0, 0, 2]
        assert two_releases.run(host, FORGED_CLERK).rc == 0
    found = review(contract, "databases")
    assert found.keys() == set(DATABASES)
    for result in found.values():
        assert "not fully reviewable" not in {kind for kind, _ in strange(result)}
        assert account(result, "clerk (database postgres)")["counts"] == {"database logins": 2}
        by_name = next(each["message"] for each in result["items"] if each["subject"] == "by name")
        assert by_name == "Failed logins by name: clerk (database) (1)."
        assert "forged" not in json.dumps(result)


def test_what_is_strange_is_open_until_a_review_which_alone_changes_what_is_usual(contract: Contract) -> None:
    shown = contract.run("logs", "show", "daily", "--format", "json").json
    assert {each["host"] for each in shown["hosts"]} == set(HOSTS)
    for host in shown["hosts"]:
        opened = {(each["item"], each["subject"]) for each in host["open"]}
        assert opened >= {("new user", "eve"), ("failures then success", "eve"), ("UID 0 added", "toor")}
        assert (host["baseline"]["edition"], host["review"]) == (1, None)
    read = ("logs", "review", "daily", "--by", "li-na", "--accept", "all")
    assert contract.run(*read).code == 2  # without a note
    one = contract.run(*read, "--limit", "app1", "--note", "seen", "--format", "json")
    assert (one.json["all_read"], {each["host"] for each in one.json["closed"]}) == (False, {"app1"})
    assert contract.run(*read, "--note", "seen", "--format", "json").json["all_read"] is True
    again = contract.run("logs", "show", "daily", "--format", "json").json
    assert [(host["open"], host["baseline"]["edition"], host["unread"]) for host in again["hosts"]] == [([], 2, 0)] * 2
    for host in again["hosts"]:
        (eve,) = (each for each in host["baseline"]["accounts"] if each["name"] == "eve")
        assert len(eve["networks"]) == 1
    assert "kept" in contract.run("trace", "log_review/daily").out
    assert contract.run(*read, "--note", "seen").code == 4
