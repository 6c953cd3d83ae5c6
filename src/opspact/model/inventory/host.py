"""Hosts and groups as the inventory means them.

Comes in: values from `resolve.inventory`. Goes out: frozen hosts that patterns choose from.
"""

import ipaddress
from collections.abc import Mapping
from functools import cached_property

from opspact.structs import Struct


class Host(Struct):
    """One managed host: its inventory name and its variables, merged by Ansible's precedence.

    Equal variables of many hosts may be one shared object; nobody changes them.
    """

    name: str
    variables: Mapping[str, object]

    @property
    def short_name(self) -> str:
        """The name up to its first dot, as Ansible's `inventory_hostname_short`; an address stays whole."""
        try:
            ipaddress.ip_address(self.name)
        except ValueError:
            return self.name.split(".", maxsplit=1)[0]
        return self.name


class Inventory(Struct, dict=True):
    """All hosts in the inventory's order, and every group's hosts (children's included, `all` and `ungrouped` too)."""

    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]

    @cached_property
    def groups_of(self) -> Mapping[str, tuple[str, ...]]:
        """Each host's groups but `all`, sorted, as Ansible's `group_names`."""
        found: dict[str, list[str]] = {name: [] for name in self.hosts}
        for group in sorted(self.groups.keys() - {"all"}):
            for host in self.groups[group]:
                found[host].append(group)
        return {host: tuple(groups) for host, groups in found.items()}

    @cached_property
    def group_lists(self) -> Mapping[str, list[str]]:
        """Every group's hosts, as Ansible's `groups`; nobody changes the lists."""
        return {name: list(hosts) for name, hosts in self.groups.items()}
