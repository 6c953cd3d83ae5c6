"""The note of what opspact put on a host, deleted or damaged: a finding of its own, and fixed from the ledger.

So that what left the policies is still taken away, and what opspact did not bring still stays.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from contracts import Contract, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: lost
hosts: app1:app2
owner: crew
packages: [tree, procps]
directories: [{path: /srv/lost}]
files:
  - {path: /srv/lost/note, source: files/note}
  - {path: /etc/lost-before, source: files/note}
---
kind: person
name: anna-li
text: {zh: 安, en: Anna Li}
teams: [crew]
from: 2026-01-01
channels: {email: anna-li@example.com}
keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li]
---
kind: person
name: ben-wu
text: {zh: 本, en: Ben Wu}
teams: [crew]
from: 2026-01-01
channels: {email: ben-wu@example.com}
keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi ben-wu]
---
kind: access
name: lost-crew
hosts: app1:app2
people: {team: crew}
groups: [adm]
sudo: ["/usr/bin/true"]
keys: additional
"""
BEFORE = "useradd --create-home --shell /bin/bash --home-dir /home/ben-wu ben-wu; echo theirs >/etc/lost-before"
"""What is on the hosts before opspact comes."""


def note(contract: Contract) -> str:
    return f"/var/lib/opspact/manifests/{contract.name}.json"


def noted(lab: Lab, host: str, contract: Contract) -> dict[str, bool]:
    """Return what a host's note says: who brought each step."""
    steps = json.loads(lab.root(host, f"cat {note(contract)}").out)["steps"]
    return {json.dumps({**step, "made": None}, sort_keys=True): step["made"] for step in steps}


@contextmanager
def applied(lab: Lab, name: str) -> Iterator[Contract]:
    with small(lab, name, POLICIES.replace("lost", name)) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        for host in ("app1", "app2"):
            assert lab.root(host, BEFORE.replace("lost", name)).rc == 0
        contract.good("apply", "--yes")
        contract.good("verify")
        yield contract


def everybody_leaves(contract: Contract) -> None:
    contract.drop("policies/all.yaml", contract.name)
    contract.drop("policies/all.yaml", f"{contract.name}-crew")
    contract.commit()


def left(lab: Lab, host: str, name: str) -> list[str]:
    """Return what of the contract's things is on a host."""
    people = "getent passwd anna-li ben-wu | cut -d: -f1; getent group adm; ls /etc/sudoers.d/opspact-*"
    things = f"command -v tree; command -v ps; ls -d /srv/{name} /etc/{name}-before"
    return lab.root(host, f"{{ {people}; {things}; }} 2>/dev/null").out.split()


def test_a_lost_or_damaged_note_is_a_finding_and_written_anew_from_the_ledger(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1", "app2")
    with applied(healthy_lab, "lost") as contract:
        before = {host: noted(healthy_lab, host, contract) for host in ("app1", "app2")}
        healthy_lab.root("app1", f"rm {note(contract)}")
        healthy_lab.root("app2", f"truncate -s 300 {note(contract)}")
        _is_a_finding_of_its_own(contract)

        fixed = contract.good("apply", "--yes", "--format", "json").json

        assert (fixed["converged"], fixed["ansible_started"], fixed["notes"]) == (True, False, [])
        assert {host: noted(healthy_lab, host, contract) for host in ("app1", "app2")} == before
        assert healthy_lab.root("app2", f"stat -c %s {note(contract)}.damaged").out == "300\n"
        contract.good("verify")
        assert "nothing to do" in contract.good("apply", "--yes").out
        _what_leaves_goes_though_its_note_is_lost(healthy_lab, contract)


def _is_a_finding_of_its_own(contract: Contract) -> None:
    """All checks are made; the plan and verify name the way out."""
    seen = contract.run("verify", "--format", "json")
    assert seen.code == 1
    summary = seen.json["summary"]
    assert summary["ok"] == summary["planned"] > 0
    assert (summary["manifests_not_ok"], summary["orphans"]) == (2, 0)
    assert [seen.of_host(host)["manifest"]["state"] for host in ("app1", "app2")] == ["missing", "damaged"]
    for said in (contract.run("verify").out, contract.good("plan", "--live").out):
        words = " ".join(said.split())
        assert f"{note(contract)} is missing although an earlier apply wrote it; `opspact apply` rewrites it" in words
        assert f"{note(contract)} is damaged" in words
    checked = [event["body"] for event in contract.events("host.checked") if event["subject"] == "host/app1"][-1]
    assert (checked["source"], checked["ok"], checked["manifest"][:8]) == ("verify", checked["planned"], "missing:")


def _what_leaves_goes_though_its_note_is_lost(lab: Lab, contract: Contract) -> None:
    lab.root("app1", f"rm {note(contract)}")
    everybody_leaves(contract)
    seen = contract.run("verify", "--format", "json")
    assert (seen.code, seen.of_host("app1")["manifest"]["state"]) == (1, "missing")
    assert {"step": "account anna-li", "stays": False, "why": "removed from the policies"} in seen.of_host("app1")[
        "orphans"
    ]
    contract.good("apply", "--yes")
    for host in ("app1", "app2"):
        assert left(lab, host, "lost") == ["anna-li", "ben-wu", "adm:x:4:", "/usr/bin/ps", "/etc/lost-before"]
    assert contract.run("verify").code == 4


def test_without_a_ledger_that_knows_nothing_is_taken_away_and_that_is_said(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1", "app2")
    with applied(healthy_lab, "elsewhere") as contract:
        shutil.rmtree(contract.folder / ".opspact")
        healthy_lab.root("app1", f"rm {note(contract)}")
        healthy_lab.root("app2", f"echo nonsense >{note(contract)}")
        seen = contract.run("verify", "--format", "json")
        assert (seen.code, seen.json["summary"]["manifests_not_ok"]) == (1, 1)
        assert "this ledger has no earlier apply to this host" in seen.of_host("app2")["manifest"]["detail"]

        reported = contract.good("apply", "--yes").out

        assert "already existed, not managed by opspact" in " ".join(reported.split())
        contract.good("verify")
        everybody_leaves(contract)
        contract.good("apply", "--yes")
        for host in ("app1", "app2"):
            things = ["anna-li", "ben-wu", "/usr/bin/tree", "/usr/bin/ps", "/etc/elsewhere-before", "/srv/elsewhere"]
            assert set(things) <= set(left(healthy_lab, host, "elsewhere"))
            assert healthy_lab.root(host, "ls /etc/sudoers.d/opspact-*").out == ""  # rights never outlive their policy


def test_a_note_of_a_newer_opspact_or_one_that_cannot_be_read_stops_work_on_its_host_alone(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1", "app2", "db1")
    policies = "kind: service\nname: newer\nhosts: app1:app2:db1\nowner: crew\nfiles: [{path: /srv/newer, source: f}]\n"
    with small(healthy_lab, "newer", policies.replace("source: f", "source: files/note")) as contract:
        contract.write("files/note", "noted\n")
        contract.commit()
        contract.good("apply", "--yes")
        newer = '{"schema": "opspact/manifest", "version": 9, "steps": []}'
        healthy_lab.root("app1", f"echo '{newer}' >{note(contract)}; echo drifted >/srv/newer")
        healthy_lab.root("app2", "echo drifted >/srv/newer")
        healthy_lab.root("db1", f"rm {note(contract)}; mkdir {note(contract)}; echo drifted >/srv/newer")

        seen = contract.run("verify", "--format", "json").json
        reported = contract.run("apply", "--yes", "--format", "json")

        assert (seen["summary"]["failed"], seen["summary"]["unknown"]) == (3, 0)
        assert [host["manifest"]["state"] for host in seen["hosts"]] == ["blocked", "ok", "blocked"]
        assert (reported.code, [host["converged"] for host in reported.json["hosts"]]) == (3, [False, True, False])
        assert "use a newer opspact" in reported.of_host("app1")["why"]
        assert healthy_lab.root("app1", f"cat /srv/newer {note(contract)}").out == f"drifted\n{newer}\n"
        assert healthy_lab.root("app2", "cat /srv/newer").out == "noted\n"
        assert healthy_lab.root("db1", "cat /srv/newer").out == "drifted\n"


def test_a_renamed_contract_takes_over_what_it_made_under_its_former_name(
    healthy_lab: Lab, fresh_host: FreshHost
) -> None:
    fresh_host("app1", "app2")
    with applied(healthy_lab, "renamed") as contract:
        before = noted(healthy_lab, "app1", contract)
        contract.change("policies/contract.yaml", "name: renamed\n", "name: anew\n")
        contract.commit()
        seen = contract.run("verify", "--format", "json")
        found = seen.of_host("app1")["manifest"]
        assert (seen.code, found["state"]) == (1, "claimed")
        assert "add `formerly: renamed`" in found["detail"]

        reported = contract.good("apply", "--yes", "--limit", "app2").out

        assert "add `formerly: renamed`" in " ".join(reported.split())
        contract.change("policies/contract.yaml", "name: anew\n", "name: anew\nformerly: renamed\n")
        contract.commit()
        contract.good("apply", "--yes")
        contract.good("verify")
        for host in ("app1", "app2"):
            assert healthy_lab.root(host, "ls /var/lib/opspact/manifests").out == "anew.json\n"
            steps = json.loads(healthy_lab.root(host, "cat /var/lib/opspact/manifests/anew.json").out)["steps"]
            assert {json.dumps({**step, "made": None}, sort_keys=True): step["made"] for step in steps} == before
        everybody_leaves(contract)
        contract.good("apply", "--yes")
        assert left(healthy_lab, "app1", "renamed") == [
            "anna-li",
            "ben-wu",
            "adm:x:4:",
            "/usr/bin/ps",
            "/etc/renamed-before",
        ]


def test_a_rebuilt_host_is_called_rebuilt_and_is_set_up_again(healthy_lab: Lab, fresh_host: FreshHost) -> None:
    fresh_host("app1")
    policies = "kind: service\nname: again\nhosts: app1\nowner: crew\nfiles: [{path: /srv/again, content: x}]\n"
    with small(healthy_lab, "again", policies) as contract:
        contract.good("apply", "--yes")
        fresh_host("app1")

        seen = contract.run("verify", "--format", "json")

        assert (seen.code, seen.of_host("app1")["manifest"]["state"]) == (1, "rebuilt")
        assert "this host was rebuilt" in contract.run("plan", "--live").out
        contract.good("apply", "--yes")
        contract.good("verify")
