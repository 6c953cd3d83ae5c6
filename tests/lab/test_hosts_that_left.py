"""A host leaves the inventory with things of ours on it: that is said until it is put right, as it can be."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICY = """\
kind: service
name: note
hosts: all:!leaving
owner: crew
directories: [{path: /srv/departing}]
files: [{path: /srv/departing/note, source: files/note}]
"""


def inventory(contract: Contract, *hosts: str, leaving: tuple[str, ...] = ()) -> None:
    """Keep only these hosts of the lab in the inventory; those that leave are in a group that no policy chooses."""
    file: Path = contract.folder / "inventory/hosts.yaml"
    everything: Any = yaml.safe_load((contract.home / "lab.yaml").read_text())["all"]
    kept = {name: everything["hosts"][name] for name in hosts}
    groups = {"leaving": {"hosts": dict.fromkeys(leaving)}}
    file.write_text(yaml.safe_dump({"all": {"vars": everything["vars"], "hosts": kept, "children": groups}}))
    contract.commit()


def test_a_host_that_left_is_told_until_one_apply_outside_every_policy_has_cleaned_it(healthy_lab: Lab) -> None:
    with small(healthy_lab, "departing", POLICY) as contract:
        contract.write("files/note", "noted\n")
        healthy_lab.inventory(contract.home).rename(contract.home / "lab.yaml")
        inventory(contract, "app1", "app2")
        contract.good("apply", "--yes")
        assert healthy_lab.root("app2", "cat /srv/departing/note").out == "noted\n"

        inventory(contract, "app1")
        _is_told_everywhere(contract, healthy_lab.address("app2"))
        assert healthy_lab.root("app2", "cat /srv/departing/note").out == "noted\n"

        inventory(contract, "app1", "app2", leaving=("app2",))
        found = contract.run("verify", "--format", "json")
        assert (found.code, found.json["left_the_inventory"]) == (1, [])
        assert len(found.of_host("app2")["orphans"]) == 2
        reported = contract.good("apply", "--yes", "--format", "json")
        assert reported.of_host("app2")["planned"]["remove"] == ["file /srv/departing/note", "directory /srv/departing"]
        assert "departing" not in healthy_lab.root("app2", "ls /srv").out
        note = json.loads(healthy_lab.root("app2", "cat /var/lib/opspact/manifests/departing.json").out)
        assert note["steps"] == []

        inventory(contract, "app1")
        assert contract.good("apply", "--yes", "--format", "json").json["left_the_inventory"] == []
        assert "removed from the inventory" not in contract.good("verify").out + contract.good("plan").out
        (contract.folder / "policies/all.yaml").unlink()
        contract.good("apply", "--yes")


def _is_told_everywhere(contract: Contract, address: str) -> None:
    stays = ["directory /srv/departing", "file /srv/departing/note"]
    reported = contract.good("apply", "--yes", "--format", "json").json["left_the_inventory"]
    assert [(left["name"], left["stays"], left["reached_at"]) for left in reported] == [
        ("app2", stays, f"ops@{address}")
    ]
    assert contract.run("verify").code == 1
    for arguments in (["apply", "--yes"], ["plan"], ["plan", "--live"], ["verify"]):
        said = contract.run(*arguments).out
        assert "app2  removed from the inventory: 2 items created by opspact are still there" in said, arguments
        assert "Add the host back to the inventory" in " ".join(said.split()), arguments
