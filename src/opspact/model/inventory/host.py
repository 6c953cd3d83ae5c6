"""Hosts and groups as the inventory means them.

Comes in: values from `resolve.inventory`. Goes out: frozen hosts that patterns choose from.
"""

from collections.abc import Mapping

from opspact.structs import Struct


class Host(Struct):
    """One managed host: its inventory name and its variables, merged by Ansible's precedence.

    Equal variables of many hosts may be one shared object; nobody changes them.
    """

    name: str
    variables: Mapping[str, object]


class Inventory(Struct):
    """All hosts in the inventory's order, and every group's hosts (children's included, `all` and `ungrouped` too)."""

    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]
