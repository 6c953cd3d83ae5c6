"""Edges of the rule about one machine under several names."""

import pytest
from analysing import found

DAILY = "kind: inspection\nname: daily\nhosts: all\nschedule: daily at 07:30\nitems: [{units: {failed: 0}}]\n"
AT = "ansible_host: 192.0.2.9"


def names(*hosts: str) -> list[tuple[str, ...]]:
    inventory = "all:\n  hosts:\n" + "".join(f"    h{number}: {{{it}}}\n" for number, it in enumerate(hosts, 1))
    return [finding.about for finding in found("OP209", DAILY, inventory=inventory)]


def test_three_names_for_one_machine_are_one_finding() -> None:
    assert names(AT, f"{AT}, ansible_port: 22", f"{AT}, ansible_user: li", "") == [("h1", "h2", "h3")]


def test_a_name_that_is_another_ones_address_is_the_same_machine() -> None:
    assert names("ansible_host: h2", "") == [("h1", "h2")]
    assert names("ansible_connection: local", "ansible_connection: local") == [("h1", "h2")]


@pytest.mark.parametrize(
    "other",
    [
        "ansible_host: 192.0.2.10",
        f"{AT}, ansible_port: 2222",
        f"{AT}, ansible_ssh_common_args: -J gate",  # an address that lies behind another host
        "ansible_connection: local",
    ],
)
def test_other_ports_and_ways_lead_to_other_machines(other: str) -> None:
    assert names(AT, other) == []


@pytest.mark.parametrize("users", [("li@root@app1", "li@root@app2"), ("li#root#17", "li#root#18"), ("li@app1", "li")])
def test_assets_behind_one_bastion_are_other_machines(users: tuple[str, str]) -> None:
    assert names(*(f'{AT}, ansible_user: "{user}"' for user in users)) == []


def test_one_asset_under_two_names_is_one_machine() -> None:
    assert names(*[f'{AT}, ansible_user: "li@root@app1"'] * 2) == [("h1", "h2")]


def test_a_name_on_which_no_policy_acts_does_no_harm() -> None:
    assert found("OP209", DAILY.replace("all", "h1"), inventory=f"all: {{hosts: {{h1: {{{AT}}}, h2: {{{AT}}}}}}}") == ()
