"""What leaves the policy leaves the hosts, what was there before stays; a plan is carried out exactly or not at all.

The first test prepares a host with things of its own before opspact comes.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from contracts import Contract, small, without_reasons
from disks import FreshHost
from labkit import Lab
from patient import NOTE

pytestmark = pytest.mark.lab

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li"
BEN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi ben-wu"
STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII9ZYpSIIdiLdabsCSFFbVOvUvzlarrFtcctguWF7hZz stranger"

POLICIES = f"""\
kind: service
name: tools
hosts: app1:app2
owner: crew
packages: [tree, procps]
directories:
  - {{path: /srv/leaving}}
  - {{path: /srv/leaving-shared}}
files:
  - {{path: /srv/leaving/note, source: files/note}}
  - {{path: /srv/leaving/link, link: /srv/leaving/note}}
  - {{path: /etc/leaving-before, source: files/note}}
  - {{path: /etc/systemd/system/leaving.service, source: files/unit, restarts: leaving.service}}
units: [leaving.service]
---
kind: service
name: elsewhere
hosts: db1
owner: crew
files: [{{path: /srv/leaving-note, source: files/note}}]
---
kind: inspection
name: leaving-look
hosts: app1
schedule: hourly at :15
items:
  - load: {{warn: 400.0, critical: 800.0}}
critical_opens: II
---
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
channels: {{email: anna-li@example.com}}
keys:
  - {ANNA}
---
kind: person
name: ben-wu
text: {{zh: 本, en: Ben Wu}}
teams: [crew]
from: 2026-01-01
channels: {{email: ben-wu@example.com}}
keys:
  - {BEN}
---
kind: access
name: leaving-crew
hosts: app1
people: {{team: crew}}
groups: [adm]
sudo: ["/usr/bin/true"]
keys: additional
"""

UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"

BEFORE = f"""
useradd --create-home --shell /bin/bash --home-dir /home/ben-wu ben-wu
install -d -m 0700 -o ben-wu -g ben-wu /home/ben-wu/.ssh
echo '{STRANGER}' | install -m 0600 -o ben-wu -g ben-wu /dev/stdin /home/ben-wu/.ssh/authorized_keys
echo theirs >/etc/leaving-before
"""
"""What is on app1 before opspact comes: an account with a key, a file."""


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    lab.reset("app1", "app2")
    with small(lab, "leaving", POLICIES) as made:
        made.write("files/note", "noted\n")
        made.write("files/unit", UNIT)
        made.commit()
        yield made
    lab.up()
    lab.reset("app1", "app2", "db1")


def sums(lab: Lab, host: str) -> dict[str, str]:
    """Return the checksums of everything where opspact might write, by path."""
    lines = lab.root(host, "find /etc /srv /usr/local /root -xdev -type f -exec sha256sum {} +").out.splitlines()
    return {path: digest for digest, path in (line.split(maxsplit=1) for line in lines)}


def test_what_leaves_goes_and_what_was_there_before_stays(healthy_lab: Lab, contract: Contract) -> None:
    assert healthy_lab.root("app1", BEFORE).rc == 0
    before = sums(healthy_lab, "app1")
    contract.good("apply", "--yes")
    contract.good("verify")
    assert healthy_lab.root("app1", "echo theirs >/srv/leaving-shared/theirs; echo theirs >/srv/leaving-beside").rc == 0
    _anna_leaves(healthy_lab, contract)
    _everything_leaves(healthy_lab, contract)
    after = sums(healthy_lab, "app1")
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} - ACCOUNTS == {
        "/etc/leaving-before",  # there before, so it stays, as the policy had it
        "/srv/leaving-shared/theirs",
        "/srv/leaving-beside",
    }
    assert healthy_lab.root("app1", "cat /etc/leaving-before").out == "noted\n"


ACCOUNTS = {
    f"/etc/{name}{old}" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid") for old in ("", "-")
}
"""Written by useradd and userdel; the next test of their meaning is by name, below."""


def _anna_leaves(lab: Lab, contract: Contract) -> None:
    """Her last day is over: account, keys and sudo rule go from the host, the others' stay."""
    contract.change("policies/all.yaml", "name: anna-li\n", "name: anna-li\nuntil: 2026-02-01\n")
    contract.commit()
    found = contract.run("verify")
    assert (found.code, "account anna-li" in found.out) == (1, True)
    reported = contract.good("apply", "--yes", "--format", "json")
    planned = reported.of_host("app1")["planned"]
    assert planned["change"] == ["closed-account anna-li", "file /etc/sudoers.d/opspact-leaving-crew"]
    assert "account anna-li" in planned["release"]
    contract.good("verify")
    assert lab.root("app1", "getent passwd anna-li | cut -d: -f7; id -nG anna-li").out == "/usr/sbin/nologin\nanna-li\n"
    assert lab.root("app1", "getent group adm").out == "adm:x:4:ben-wu\n"
    assert lab.root("app1", "cat /home/anna-li/.ssh/authorized_keys").out == ""
    assert lab.root("app1", "grep -c anna-li /etc/sudoers.d/opspact-leaving-crew").out == "0\n"
    assert lab.root("app1", "cat /home/ben-wu/.ssh/authorized_keys").out == f"{STRANGER}\n{BEN}\n"


def _everything_leaves(lab: Lab, contract: Contract) -> None:
    """No policy asks anything of any host any more; one of them had nothing but what left."""
    for name in ("tools", "elsewhere", "leaving-look", "leaving-crew"):
        contract.drop("policies/all.yaml", name)
    contract.commit()
    planned = contract.good("plan", "--live")
    assert all(word in planned.out for word in ("package tree", "package procps", "account ben-wu", "db1"))
    reported = contract.good("apply", "--yes")
    assert "left in place" in reported.out
    body = contract.events("apply.started")[-1]["body"]["hosts"]
    assert sorted(body["app1"]["release"]) == [
        "account ben-wu",
        "closed-account anna-li",
        "file /etc/leaving-before",
        "package procps",
        "package sudo",
    ]
    assert body["db1"] == {"remove": ["file /srv/leaving-note"]}
    assert contract.run("verify").code == 4
    assert contract.run("apply", "--yes").code == 4
    assert lab.root("app1", "dpkg-query -W -f '${db:Status-Status}' tree; id -un ben-wu").out.split()[-1] == "ben-wu"
    assert lab.root("app1", "getent group adm").out == "adm:x:4:\n"
    assert lab.root("app1", "command -v tree").out == ""
    assert lab.root("app1", "ls /srv").out.split() == ["leaving-beside", "leaving-shared"]
    assert lab.root("app1", "cat /home/ben-wu/.ssh/authorized_keys").out == f"{STRANGER}\n"
    assert lab.root("app1", "systemctl list-unit-files --no-legend '*leaving*' '*opspact*'").out == ""
    assert lab.root("app1", "pgrep -fx '/bin/sleep infinity'").out == ""
    assert lab.root("app2", "ls /srv").out == ""
    assert lab.root("db1", "ls /srv").out == ""


@contextmanager
def approved(lab: Lab, name: str) -> Iterator[Contract]:
    """Yield a contract with a plan in the file `plan.json`."""
    with small(lab, name, NOTE.format(hosts="app1:app2", name=name)) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        contract.good("plan", "--live", "--out", str(contract.home / "plan.json"))
        yield contract


def carry_out(contract: Contract) -> tuple[int, str]:
    said = contract.run("apply", str(contract.home / "plan.json"))
    return said.code, said.out + said.err


def test_an_approved_plan_is_carried_out_exactly_and_only_once(healthy_lab: Lab) -> None:
    with approved(healthy_lab, "exact") as contract:
        digest = json.loads((contract.home / "plan.json").read_text())["digest"]
        assert carry_out(contract)[0] == 0
        assert digest == contract.events("apply.finished")[-1]["plan_digest"]
        assert healthy_lab.root("app2", "cat /srv/exact-note").out == "noted\n"
        code, words = carry_out(contract)
        assert (code, "is stale" in words) == (2, True)


@pytest.mark.parametrize("what", ["host", "policy", "commit"])
def test_a_plan_that_does_not_fit_any_more_is_refused_and_nothing_is_done(healthy_lab: Lab, what: str) -> None:
    name = f"stale-{what}"
    with approved(healthy_lab, name) as contract:
        match what:
            case "host":
                healthy_lab.root("app2", f"echo other >/srv/{name}-note")
            case "policy":
                contract.write("files/note", "noted anew\n")
            case _:
                contract.git("commit", "--quiet", "--allow-empty", "--message", "Another")
        code, words = carry_out(contract)
        assert (code, "opspact plan --live --out" in words) == (2, True)
        assert healthy_lab.root("app1", f"ls /srv/{name}-note").out == ""
        assert contract.run("ledger", "show", "--kind", "apply.started").code == 4


WEB = """\
kind: service
name: web
hosts: backup1
owner: crew
packages: [{}]
"""


def test_a_package_that_others_need_now_stays_and_is_told(healthy_lab: Lab, fresh_host: FreshHost) -> None:
    host = fresh_host("backup1")
    with small(healthy_lab, "needed", WEB.format("nginx-common, tree")) as contract:
        contract.good("apply", "--yes")
        assert healthy_lab.root(host, "apt-get install -y nginx && systemctl start nginx").rc == 0
        contract.drop("policies/all.yaml", "web")
        contract.commit()
        left = {step["step"]: step for step in contract.run("verify", "--format", "json").of_host(host)["orphans"]}
        assert left["package nginx-common"] == {
            "step": "package nginx-common",
            "stays": True,
            "why": "needed by nginx",
        }
        assert left["package tree"]["stays"] is False
        planned = " ".join(without_reasons(contract.good("plan", "--live").out).split())
        assert "= package nginx-common: left in place: needed by nginx" in planned

        reported = " ".join(contract.good("apply", "--yes").out.split())

        assert "left in place: package nginx-common: needed by nginx" in reported
        assert healthy_lab.root(host, "systemctl is-active nginx").out == "active\n"
        assert healthy_lab.root(host, "command -v tree").out == ""
        assert contract.run("verify").code == 4


def test_packages_that_leave_together_go_though_one_needs_the_other(healthy_lab: Lab, fresh_host: FreshHost) -> None:
    host = fresh_host("backup1")
    with small(healthy_lab, "together", WEB.format("nginx, nginx-common, tree")) as contract:
        contract.good("apply", "--yes")
        contract.drop("policies/all.yaml", "web")
        contract.commit()
        contract.good("apply", "--yes")
        assert healthy_lab.root(host, "dpkg-query -W -f '${db:Status-Status} ' nginx nginx-common").out.split() == [
            "config-files" if name == "nginx-common" else "not-installed" for name in ("nginx", "nginx-common")
        ]


def test_a_fresh_clone_takes_away_what_left_though_its_ledger_knows_nothing(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1", "app2")
    with small(healthy_lab, "cloned", NOTE.format(hosts="app1:app2", name="cloned")) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        contract.good("apply", "--yes")
        contract.change("policies/all.yaml", "hosts: app1:app2", "hosts: app1")
        contract.commit()
        shutil.rmtree(contract.folder / ".opspact")
        for limit in ((), ("--limit", "app2")):
            seen = contract.run("verify", "--format", "json", *limit)
            (left,) = seen.of_host("app2")["orphans"]
            assert (seen.code, left["step"]) == (1, "file /srv/cloned-note")
        contract.good("apply", "--yes")
        assert healthy_lab.root("app2", "ls /srv").out == ""
        contract.good("verify")


def test_after_an_apply_on_one_host_the_others_are_still_planned(healthy_lab: Lab, fresh_host: FreshHost) -> None:
    fresh_host("app1", "app2")
    with small(healthy_lab, "partial", NOTE.format(hosts="app1:app2", name="partial")) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        contract.good("apply", "--yes", "--limit", "app1")
        reported = contract.good("plan", "--format", "json")
        assert [len(reported.of_host(host)["add"]) for host in ("app1", "app2")] == [0, 1]
        assert (reported.of_host("app1")["base"], reported.of_host("app2")["base"]) == (
            reported.json["head"],
            "nothing",
        )
        assert "never converged" in contract.good("plan").out
        contract.good("apply", "--yes")
        assert "no changes from" in contract.good("plan").out
