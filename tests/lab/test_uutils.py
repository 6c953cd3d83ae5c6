"""On hosts as Ubuntu 26.04 has them (uutils and sudo-rs before GNU's) all is as on others, with a sudo that asks."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from asking import LOGIN, STRANGE, asks_for, made_by_ansible
from contracts import Contract, small, until
from labkit import Lab
from reaching import reached

from opspact.fleet.ansible import HostState
from opspact.fleet.connection import Settings
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.rollout.login_rehearsal import Changes, ask, rehearse
from opspact.rollout.login_settings import Route
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.kinds import KINDS
from opspact.steps.link import Link
from opspact.steps.membership import Membership

pytestmark = pytest.mark.lab

OF_PYTHON_ALONE = {"other-access", "table-rows"}
"""Kinds that ask with one program of Python and none of coreutils; they have lab tests of their own."""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li"
POLICIES = f"""\
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
keys: [{KEY}]
---
kind: person
name: wang-fang
text: {{zh: 王芳, en: Wang Fang}}
teams: [crew]
from: 2026-01-01
until: 2026-02-01
---
kind: access
name: crew
hosts: app1
people: {{team: crew}}
groups: [adm]
sudo: ["/usr/bin/systemctl restart nginx", /usr/bin/id]
keys: exclusive
---
kind: access
name: urgent
hosts: app1
people: {{person: anna-li}}
sudo: [ALL]
emergency: {{at_most: 1h, review_within: 24h}}
---
kind: service
name: web
hosts: app1
owner: crew
data: {{paths: [/srv/oa]}}
packages: [nginx]
units: [nginx.service, {{name: e2scrub_all.timer, running: false, enabled: false}}]
directories: [{{path: /srv/oa}}]
files:
  - {{path: /srv/oa/index.html, source: files/index.html}}
  - {{path: /etc/nginx/sites-available/oa, source: files/oa.conf, restarts: nginx.service}}
  - {{path: /etc/nginx/sites-enabled/oa, link: /etc/nginx/sites-available/oa, restarts: nginx.service}}
normal:
  - http: {{url: "http://localhost:8080/", status: 200, contains: OA, within: 5s}}
  - tcp: {{port: 8080}}
---
kind: inspection
name: hourly
hosts: all
schedule: hourly at :05
items:
  - disk: {{mount: /, warn: 97%, critical: 99%}}
  - units: {{failed: 0}}
---
kind: log_review
name: logs
hosts: all
schedule: monthly on day 1 at 03:00
sources: [logins, sudo]
---
kind: backup
name: kept
hosts: app1
what: {{paths: [/etc, /srv]}}
schedule: daily at 02:00
to: {{host: backup1, repository: kept}}
strategy: incremental
keep: {{daily: 7}}
rpo: 26h
rto: 4h
passphrase: secret:vault:borg
check: {{schedule: weekly on sunday at 05:00}}
drill: {{within: 92 days}}
"""
PAGE = "server { listen 8080; root /srv/oa; }\n"
GIVEN = ("--become-password", "secret:vault:borg")
SSHD = "/etc/ssh/sshd_config.d/"
SUDO = "/etc/sudoers.d/"
CHANGES = Changes(
    made=(
        Directory(path="/etc/ssh/keys"),
        File(path=f"{SSHD}cut.conf", content=Content.of("AllowUsers nobody\n")),
        File(path=f"{SUDO}zz-later", content=Content.of("ops ALL=(ALL) PASSWD: ALL\n"), mode="0440"),
        Link(path="/etc/oa", target="/srv/oa"),
        Membership(account="ops", group="adm"),
    ),
    removed=(
        File(path=f"{SUDO}ops", content=Content.of("")),
        Directory(path="/etc/ssh/sshd_config.d"),
        Membership(account="ops", group="ops"),
    ),
)


@pytest.fixture(scope="module")
def contract(uutils: Lab) -> Iterator[Contract]:
    """A contract with steps of every kind; on app1 it logs in as somebody whose sudo asks for a password."""
    with small(uutils, "uutils", POLICIES) as made:
        made.write("files/index.html", "OA\n")
        made.write("files/oa.conf", PAGE)
        made.write("inventory/host_vars/app1.yml", f"ansible_user: {LOGIN}\n")
        made.commit()
        asks_for(uutils, "app1", made.passphrase)
        uutils.replace_programs("backup1")
        uutils.root("app1", "useradd -m -s /bin/bash -G sudo wang-fang")
        made.good(*GIVEN, "apply", "--yes")
        yield made


def test_the_hosts_are_what_they_are_to_be(uutils: Lab) -> None:
    said = uutils.run("app1", "stat --version; sudo --version 2>&1; sudo /bin/sh -c 'mv --version'").out
    assert said.split("\n")[:3] == ["stat 0.0.30", "sudo-rs 0.2.5", "mv 0.0.30"]


def test_what_would_cut_a_login_off_is_foreseen_as_on_others(uutils: Lab) -> None:
    def foreseen(session: Session) -> tuple[object, Mapping[str, str]]:
        route = Route("ops", "198.51.100.1", "198.51.100.2", "22")
        now = ask(session, route)
        said = (now.sudo, now.groups, now.files, now.keys, now.doors)
        return said, rehearse(session, route, CHANGES, now=now)

    with open_sessions([reached(uutils, name) for name in uutils.hosts], settings=Settings()) as sessions:
        found = sessions.each(foreseen)
    assert found["app1"] == found["backup1"]
    assert not isinstance(found["app1"], HostLost)
    assert found["app1"][1].keys() == {f"file {SSHD}cut.conf", f"file {SUDO}zz-later", f"file {SUDO}ops"}


@pytest.mark.parametrize("strategy", ["mitogen", "plain"])
def test_ansible_gives_sudo_the_password(uutils: Lab, tmp_path: Path, strategy: Literal["mitogen", "plain"]) -> None:
    asks_for(uutils, "app1", STRANGE)
    outcome = made_by_ansible(uutils, tmp_path, STRANGE, strategy=strategy, hosts=("app1",))
    assert (outcome.hosts["app1"].state, outcome.strategy) == (HostState.OK, strategy)
    assert uutils.root("app1", "rmdir /srv/asking").rc == 0


def test_without_a_password_or_with_a_wrong_one_the_reason_is_said(contract: Contract) -> None:
    contract.good(*GIVEN, "inspect", "run", "hourly")  # its connection is kept, and sudo-rs remembers who asked on it
    without = contract.run("verify")
    assert (without.code, "--become-password secret:vault:NAME" in " ".join(without.out.split())) == (1, True)
    wrong = contract.run("--become-password", "secret:env:WRONG", "verify", WRONG="Wrong-8d1f2c")
    assert (wrong.code, "sudo rejected the password" in wrong.out) == (1, True)


def test_a_contract_of_every_kind_of_step_is_applied_and_seen_to_be_so(uutils: Lab, contract: Contract) -> None:
    verified = contract.good(*GIVEN, "verify", "--format", "json").json
    assert verified["summary"]["planned"] == verified["summary"]["ok"] > 30
    kinds = {check["step"].partition(" ")[0] for host in verified["hosts"] for check in host["checks"]}
    assert kinds == KINDS.keys() - OF_PYTHON_ALONE
    again = contract.good(*GIVEN, "apply", "--yes", "--format", "json").json
    assert (again["converged"], again["ansible_started"]) == (True, False)
    assert uutils.root("app1", "id -nG wang-fang").out == "wang-fang\n"


def test_a_review_of_logs_says_that_sudo_rs_does_not_log_everything(uutils: Lab, contract: Contract) -> None:
    assert uutils.run("app1", "sudo /bin/true reviewed-here").rc == 0
    ran = contract.run(*GIVEN, "inspect", "run", "logs", "--limit", "app1", "--format", "json")
    (result,) = ran.json["results"]
    reasons = [each["subject"] for each in result["items"] if each["item"] == "not fully reviewable"]
    assert (reasons, result["outcome"]) == (["sudo"], "done")
    commands = [row for each in result["items"] for row in each.get("commands", ())]
    assert "true reviewed-here" in {command.rpartition("/")[2] for _, _, command in commands}
    assert [each for each in result["items"] if each["item"] == "refused sudo"] == []


def test_emergency_access_is_closed_though_this_sudo_knows_no_end_of_rules(uutils: Lab, contract: Contract) -> None:
    contract.good(*GIVEN, "access", "grant", "urgent", "--person", "anna-li", "--for", "8s", "--reason", "test")
    assert uutils.root("app1", "su em-anna-li -c 'sudo -n id -u'").out == "0\n"
    until(lambda: not uutils.root("app1", "ls /var/lib/opspact/emergency_access/urgent").out, within=40)
    assert uutils.root("app1", "su em-anna-li -c 'sudo -n id -u'").rc != 0
    assert uutils.root("app1", "getent passwd em-anna-li | cut -d: -f7").out == "/usr/sbin/nologin\n"
    contract.good(*GIVEN, "inspect", "collect")
    (grant,) = contract.good("access", "show", "--format", "json").json["grants"]
    assert [(each["state"], each["used"]) for each in grant["hosts"]] == [("over", "yes")]


def test_jobs_run_and_leave_their_results(contract: Contract) -> None:
    (backup,) = contract.good(*GIVEN, "backup", "run", "kept", "--format", "json").json["results"]
    assert (backup["host"], backup["outcome"], backup["verdict"]) == ("app1", "done", "ok")
    inspected = contract.good(*GIVEN, "inspect", "run", "hourly", "--format", "json").json["results"]
    assert [each["verdict"] for each in inspected] == ["ok", "ok"]
