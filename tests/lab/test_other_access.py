"""Who else has access to hosts of both releases: each stranger is named, none is removed, and none is left unseen.

app2 is of Debian 12, app1 is of 13.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

HOSTS = ("app1", "app2")
STEP = "other-access host"
ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li"
EVE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi eve"
POLICIES = f"""\
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
keys:
  - {ANNA}
---
kind: access
name: crew
hosts: web
people: {{team: crew}}
groups: [adm]
sudo: [/usr/bin/id]
---
kind: access
name: nobody-else
clauses: [A9]
hosts: web
others:
  accounts: [ops, nosudo]
  keys: [MARKS]
  sudo: ["ops ALL=(ALL:ALL) NOPASSWD: ALL"]
"""
STRANGERS = f"""\
set -e
useradd --non-unique --uid 0 --no-create-home --shell /bin/sh toor
useradd --create-home --shell /bin/bash --groups sudo eve
useradd --system --create-home --home-dir /var/lib/svc --shell /usr/sbin/nologin svc
useradd --system --shell /bin/sh batch
echo batch:secret | chpasswd
install -d -m 0700 /root/.ssh /var/lib/svc/.ssh
echo 'command="true" {EVE}' >/root/.ssh/authorized_keys
echo '{EVE}' >/var/lib/svc/.ssh/authorized_keys
printf 'batch ALL=(ALL) \\\\\\n  NOPASSWD: ALL\\n' >/etc/sudoers.d/batch
"""
LOOK = "getent passwd toor eve svc batch | cut -d: -f1; cat /root/.ssh/* /var/lib/svc/.ssh/*; ls /etc/sudoers.d"
GONE = """\
rm -r /root/.ssh /etc/sudoers.d/batch
sed -i /^toor:/d /etc/passwd
sed -i /^toor:/d /etc/shadow
for name in eve svc batch; do userdel --remove "$name" 2>/dev/null; done
grep -c toor /etc/passwd
"""


@pytest.fixture(scope="module")
def contract(two_releases: Lab) -> Iterator[Contract]:
    command = 'for who in ops nosudo; do ssh-keygen -lf /home/$who/.ssh/authorized_keys | sed "s/^/$who /"; done'
    marks = re.findall(r"(\w+) \d+ (SHA256:\S+)", two_releases.root("app1", command).out)
    assert len(marks) == 2
    named = ", ".join(f"{who} {mark}" for who, mark in marks)
    with small(two_releases, "others", POLICIES.replace("MARKS", named)) as made:
        made.good("apply", "--yes")
        yield made


def seen(contract: Contract) -> Mapping[str, tuple[str, str]]:
    """Return what verify says of each host: the state of the step, and its words."""
    found = contract.run("verify", "--format", "json").json["hosts"]
    checks = {host["name"]: next(it for it in host["checks"] if it["step"] == STEP) for host in found if host["checks"]}
    return {host: (check["state"], check["detail"]) for host, check in checks.items()}


def test_hosts_as_the_contract_has_them_have_no_strangers(contract: Contract) -> None:
    contract.good("verify")
    assert {host: state for host, (state, _) in seen(contract).items()} == dict.fromkeys(HOSTS, "ok")


def test_each_stranger_is_named_with_what_to_do_and_none_is_removed(two_releases: Lab, contract: Contract) -> None:
    there = {}
    for host in HOSTS:
        assert two_releases.root(host, STRANGERS).rc == 0
        there[host] = two_releases.root(host, LOOK).out
    for state, words in seen(contract).values():
        assert state == "failed"
        for stranger in (
            *("account toor has user id 0", "account eve (user id ", "add batch to others.accounts"),
            *("logs in to root: /root/.ssh/authorized_keys", "logs in to svc: /var/lib/svc/.ssh/authorized_keys"),
            *('rule in /etc/sudoers.d/batch: "batch ALL=(ALL) NOPASSWD: ALL"', 'add "eve in sudo" to others.members'),
        ):
            assert stranger in words, stranger
        assert not any(f" {known} " in words for known in ("anna-li", "ops", "nosudo", "postgres"))
    assert "other-access host" in contract.good("plan", "--live").out
    applied = contract.run("apply", "--yes")
    assert (applied.code, "account toor has user id 0" in applied.out) == (3, True)
    assert {host: two_releases.root(host, LOOK).out for host in HOSTS} == there
    clause = next(it for it in contract.run("trace", "A9", "--format", "json").json["clauses"] if it["name"] == "A9")
    assert clause["state"] == "failed"

    for host in HOSTS:
        two_releases.root(host, GONE)
    contract.good("verify")
    contract.good("apply", "--yes")
    contract.good("trace", "A9")


def test_what_cannot_be_known_is_unknown(two_releases: Lab, contract: Contract) -> None:
    two_releases.root("app1", "sed -i.kept 's/^passwd:.*/passwd: files ldap/' /etc/nsswitch.conf")
    command = "AuthorizedKeysCommand /usr/bin/true\\nAuthorizedKeysCommandUser nobody\\n"
    two_releases.root("app2", f"printf '{command}' >/etc/ssh/sshd_config.d/keys.conf")
    states = seen(contract)
    two_releases.root("app1", "mv /etc/nsswitch.conf.kept /etc/nsswitch.conf")
    two_releases.root("app2", "rm /etc/ssh/sshd_config.d/keys.conf")
    assert {host: state for host, (state, _) in states.items()} == dict.fromkeys(HOSTS, "unknown")
    assert "passwd is looked up in ldap" in states["app1"][1]
    assert "sshd accepts what AuthorizedKeysCommand gives" in states["app2"][1]
    contract.good("verify")
