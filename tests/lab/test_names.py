"""What a lab is called and where it lies follows from its name, its slice and its hosts' numbers."""

import pytest
from labkit.names import Names, reference_hosts, slice_size

LONGEST_INTERFACE_NAME = 15  # IFNAMSIZ without its closing zero


def test_the_reference_lab_is_two_web_servers_a_database_and_a_backup_server_elsewhere() -> None:
    names = Names("demo", 0, 32)
    assert {host.name: (names.address(host.number), host.groups) for host in reference_hosts()} == {
        "app1": ("198.51.100.11", ("web", "site_a", "canary")),
        "app2": ("198.51.100.12", ("web", "site_a")),
        "db1": ("198.51.100.13", ("db", "site_a")),
        "backup1": ("198.51.100.21", ("backup", "site_b")),
    }


@pytest.mark.parametrize(
    ("count", "size"), [(1, 32), (4, 32), (24, 32), (29, 32), (30, 64), (61, 64), (62, 128), (253, 256)]
)
def test_a_lab_takes_the_smallest_slice_that_carries_its_hosts(count: int, size: int) -> None:
    assert slice_size(reference_hosts(count)) == size


def test_every_host_of_the_largest_lab_has_a_number_of_its_own() -> None:
    hosts = reference_hosts(253)
    assert sorted(host.number for host in hosts) == list(range(2, 255))
    assert len({host.name for host in hosts}) == 253


@pytest.mark.parametrize("count", [0, -1, 254])
def test_a_number_of_hosts_that_the_network_cannot_carry_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} hosts: a lab has 1 to 253"):
        reference_hosts(count)


def test_names_of_interfaces_are_short_enough_for_the_kernel_whatever_the_lab_is_called() -> None:
    names = Names("a-rather-long-lab-nam", 224, 32)
    assert max(len(names.bridge), len(names.veth(30))) <= LONGEST_INTERFACE_NAME


def test_the_last_slice_ends_where_the_network_ends() -> None:
    names = Names("last", 224, 32)
    assert (names.network, names.address(1), names.hardware(30)) == (
        "198.51.100.224/27",
        "198.51.100.225",
        "02:00:c6:33:64:fe",
    )
