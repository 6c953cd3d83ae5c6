"""Somebody leaves: one apply closes the account on every host of both releases, and each host ends it by itself.

app2 is of Debian 12, the others are of 13.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import own_key
import pytest
from contracts import Contract, later, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

HER = "anna-li"
HOSTS = ("app1", "app2", "db1", "backup1")
MADE = ("app1", "app2")
"""Where the contract gives her an account: the others are not in the hosts of her policy."""
POLICIES = """\
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
keys:
  - {key}
---
kind: person
name: bo-wu
text: {{zh: 吴, en: Bo Wu}}
from: 2026-01-01
---
kind: access
name: crew
hosts: web
people: {{team: crew}}
---
kind: access
name: others
hosts: all
people: {{person: bo-wu}}
"""
BY_HAND = """\
set -e
id anna-li 2>/dev/null || useradd --create-home --shell /bin/bash anna-li
usermod --append --groups sudo anna-li
echo anna-li:secret | chpasswd
install -d -o anna-li -g anna-li -m 0700 ~anna-li/.ssh
echo '{key}' | install -o anna-li -g anna-li -m 0600 /dev/stdin ~anna-li/.ssh/authorized_keys
setsid runuser -u anna-li -- sleep 600 >/dev/null 2>&1 </dev/null &
"""
SU = "echo secret | runuser -u nobody -- su anna-li -c 'echo secret | sudo -S -k id -u'"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_key.make_key(tmp_path_factory.mktemp("keys"), HER)


@pytest.fixture(scope="module")
def contract(two_releases: Lab, key: Path) -> Iterator[Contract]:
    with small(two_releases, "leavers", POLICIES.format(key=own_key.public(key))) as made:
        yield made


def logs_in(lab: Lab, host: str, key: Path) -> tuple[str, str]:
    """Return what a login of hers says, and the complaints about it."""
    return own_key.logs_in(lab, host, key, user=HER)


def leaves(contract: Contract, days: int) -> None:
    last = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=days)
    contract.change("policies/all.yaml", "teams: [crew]\n", f"teams: [crew]\nuntil: {last}\n")
    contract.commit()


def test_the_host_ends_an_account_by_itself_after_the_last_day(
    two_releases: Lab, contract: Contract, key: Path
) -> None:
    before = later(-2)
    contract.good("apply", "--yes", "--limit", "web", **before)
    assert all(logs_in(two_releases, host, key)[0] == "anna-li\n" for host in MADE)
    leaves(contract, 2)  # on that day, she still works; the hosts' own clocks are two days further
    contract.run("apply", "--yes", "--limit", "web", **before)
    for host in MADE:
        said, why = logs_in(two_releases, host, key)
        assert (said, "has expired" in why) == ("", True), why
        assert two_releases.root(host, "grep -c . ~anna-li/.ssh/authorized_keys").out == "1\n"  # nothing else is closed
    contract.change("policies/all.yaml", "teams: [crew]\nuntil", "teams: [crew]\n# until")
    contract.commit()
    contract.good("apply", "--yes", "--limit", "web")
    assert all(logs_in(two_releases, host, key)[0] == "anna-li\n" for host in MADE)


def test_one_apply_closes_the_account_of_somebody_who_left_on_every_host(
    two_releases: Lab, contract: Contract, key: Path
) -> None:
    for host in HOSTS:
        assert two_releases.root(host, BY_HAND.format(key=own_key.public(key))).rc == 0
        assert two_releases.root(host, SU).out == "0\n"
    leaves(contract, 1)
    with ExitStack() as held:
        sessions = [held.enter_context(own_key.session(two_releases, host, key, user=HER)) for host in HOSTS]
        contract.good("apply", "--yes")
        until(lambda: all(each.poll() is not None for each in sessions))
    for host in HOSTS:
        assert logs_in(two_releases, host, key)[0] == ""
        assert two_releases.root(host, SU).rc != 0
        assert two_releases.root(host, "pgrep -l -u anna-li; id -nG anna-li").out == "anna-li\n"
    seen = contract.good("verify", "--format", "json").json
    closed = {
        host["name"]: [check["state"] for check in host["checks"] if check["step"] == "closed-account anna-li"]
        for host in seen["hosts"]
    }
    assert closed == {host: ["ok"] for host in HOSTS}
    assert contract.good("apply", "--yes", "--format", "json").json["ansible_started"] is False
