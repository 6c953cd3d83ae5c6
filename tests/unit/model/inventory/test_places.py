"""Which names are one machine, one site, one storage: what the inventory says counts, however it is written."""

import pytest

from opspact.model.inventory.host import Host, Inventory
from opspact.model.inventory.places import HERE, Places


def places(hosts: dict[str, dict[str, object]], **groups: tuple[str, ...]) -> Places:
    return Places(Inventory({name: Host(name, variables) for name, variables in hosts.items()}, groups))


def machine(**variables: object) -> str:
    return places({"db1": variables}).machines["db1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.13", "::ffff:192.0.2.13"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("DB.example.com", "db.example.com."),
        ("127.0.0.1", "localhost"),
        ("127.0.1.1", "::1"),
    ],
)
def test_one_address_is_one_machine_however_it_is_written(one: str, other: str) -> None:
    assert machine(ansible_host=one) == machine(ansible_host=other)


def test_a_host_without_an_address_is_found_by_its_name() -> None:
    found = places({"db1.example.com": {}, "primary": {"ansible_host": "DB1.example.com"}})
    assert found.names == {"db1.example.com": ("db1.example.com", "primary")}


def test_an_address_that_is_another_host_s_name_is_that_host() -> None:
    hosts: dict[str, dict[str, object]] = {
        "a": {"ansible_host": "b"},
        "b": {"ansible_host": "c"},
        "c": {"ansible_host": "192.0.2.1"},
    }
    assert set(places(hosts).machines.values()) == {"192.0.2.1"}


def test_names_in_a_circle_end_somewhere() -> None:
    found = places({"a": {"ansible_host": "b"}, "b": {"ansible_host": "a"}}).machines
    assert set(found) == {"a", "b"}


def test_whatever_is_reached_without_a_network_is_the_machine_that_opspact_runs_on() -> None:
    assert machine(ansible_connection="local", ansible_host="192.0.2.1") == HERE
    assert machine(ansible_ssh_host="localhost") == HERE


def test_a_template_makes_no_two_hosts_alike() -> None:
    pattern = "{{ inventory_hostname }}.example.com"
    found = places({"a": {"ansible_host": pattern}, "b": {"ansible_host": pattern}, "c": {"ansible_host": "{{ ip }}"}})
    assert found.machines == {"a": "a.example.com", "b": "b.example.com", "c": "c"}
    said = places({"a": {"opspact_site": "{{ where }}"}, "b": {"opspact_site": "{{ where }}"}})
    assert said.sites == {}


def test_a_site_is_said_by_a_variable_else_by_groups() -> None:
    found = places({"a": {}, "b": {"opspact_site": "east"}, "c": {}}, site_west=("a", "b"), web=("c",))
    assert found.sites == {"a": frozenset({"site_west"}), "b": frozenset({"east"})}
    assert found.by_site == {"site_west": ("a",), "east": ("b",)}


def test_a_host_may_be_on_several_storages() -> None:
    found = places({"a": {"opspact_storage": ["san-1", "san-2"]}, "b": {"opspact_storage": "san-2"}})
    assert found.by_storage["san-2"] == ("a", "b")


def test_hosts_behind_one_bastion_are_machines_of_their_own_and_are_reached_without_it() -> None:
    door = {"ansible_host": "192.0.2.1", "ansible_port": 2222}
    found = places(
        {
            "app1": {**door, "ansible_user": "li@root@app1"},
            "backup1": {**door, "ansible_user": "li#root#17"},
            "again": {**door, "ansible_user": "li#root#17"},
            "backup2": {**door, "ansible_user": "li#root#18", "opspact_address": "10.0.0.8"},
            "person": {"ansible_host": "192.0.2.7", "ansible_port": 222, "ansible_user": "li@example.com"},
            "same": {"ansible_host": "192.0.2.7"},
        }
    )
    assert len({found.machines[name] for name in ("app1", "backup1", "backup2")}) == 3
    assert (found.machines["again"], found.machines["person"]) == (found.machines["backup1"], found.machines["same"])
    reached = [found.server_address(name) for name in ("backup1", "backup2", "person")]
    assert reached == [("backup1", 22), ("10.0.0.8", 22), ("192.0.2.7", 222)]


@pytest.mark.parametrize("user", ["li@root@bak1", "li#root#17", "root@bak1:SSH:li", "li#bak1"])
def test_a_lone_server_behind_a_bastion_is_reached_without_it(user: str) -> None:
    behind = {"ansible_host": "bastion.example", "ansible_port": 2222, "ansible_user": user}
    found = places({"bak1": behind, "gate": {"ansible_host": "bastion.example"}, "app1": {}})
    assert found.server_address("bak1") == ("bak1", 22)
    assert found.machines["bak1"] != found.machines["gate"]


def test_bastions_that_lead_to_one_host_each_are_bastions() -> None:
    users = {"bak1": "li@root@bak1", "bak2": "li@root@bak2"}
    found = places({name: {"ansible_host": f"gate-{name}", "ansible_user": user} for name, user in users.items()})
    assert [found.server_address(name) for name in users] == [("bak1", 22), ("bak2", 22)]


@pytest.mark.parametrize("user", ["li@example.com", "EXAMPLE\\li", "ops"])
def test_a_lone_user_of_a_directory_is_no_bastion_s(user: str) -> None:
    found = places({"bak1": {"ansible_host": "192.0.2.7", "ansible_port": 222, "ansible_user": user}})
    assert found.server_address("bak1") == ("192.0.2.7", 222)


def test_an_address_for_other_hosts_is_reached_on_the_server_s_port() -> None:
    found = places({"bak1": {"ansible_host": "192.0.2.7", "ansible_port": 2222, "opspact_address": "10.0.0.9"}})
    assert found.server_address("bak1") == ("10.0.0.9", 2222)


@pytest.mark.parametrize("variable", ["ansible_host", "ansible_port", "opspact_address"])
@pytest.mark.parametrize("value", ["{{ p }}", "22 a", {"a": 1}, ["10.0.0.9"], "10.0.0.9:22"])
def test_what_no_connection_can_follow_counts_as_not_said(variable: str, value: object) -> None:
    assert places({"bak1": {variable: value}}).server_address("bak1") == ("bak1", 22)
