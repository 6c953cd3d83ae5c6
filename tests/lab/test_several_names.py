"""Machines that stand under several names in an inventory: said at check, and at apply as that."""

import re

import pytest
from contracts import Contract
from labkit import Lab
from patient import noted

pytestmark = pytest.mark.lab


def known_as(contract: Contract, lab: Lab) -> None:
    """Give app1 two more names: one with the same address, and one whose address only ssh's configuration knows."""
    text = (contract.folder / "inventory/hosts.yaml").read_text()
    common = re.search(r'ansible_ssh_common_args: "(.*)"', text)
    assert common
    address = lab.address("app1")
    hidden = f"-o HostName={address} -o HostKeyAlias={address} {common[1]}"
    more = (
        f"    twin: {{ansible_host: {address}}}\n"
        f'    hidden: {{ansible_host: app1.example.org, ansible_ssh_common_args: "{hidden}"}}\n'
    )
    contract.write("inventory/hosts.yaml", text.replace("  hosts:\n", f"  hosts:\n{more}", 1))
    contract.commit()


def test_a_machine_under_several_names_is_said_to_be_one(healthy_lab: Lab) -> None:
    with noted(healthy_lab, "names", hosts="app1:twin:hidden") as contract:
        known_as(contract, healthy_lab)

        findings = contract.run("check", "--format", "json").json["findings"]
        (message,) = (found["message"] for found in findings if found["code"] == "OP209")
        assert ("app1" in message, "twin" in message, "hidden" in message) == (True, True, False)

        reported = contract.run("apply", "--yes", "--format", "json")
        assert reported.code == 3
        (owner,) = (host["name"] for host in reported.json["hosts"] if host["converged"])
        others = [host for host in reported.json["hosts"] if host["name"] != owner]
        assert {host["reach"] for host in others} == {"busy"}
        assert all(host["why"].startswith(f"the same machine as {owner}") for host in others)
        assert "locked by" not in reported.out
