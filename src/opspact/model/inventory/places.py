"""Where hosts are: which names are one machine, at which site, on which storage.

Comes in: an inventory. Goes out: for each host a machine, its sites, its storages.

Nothing is looked up in the network; what the inventory says counts. One machine: the same address (`ansible_host`, else
the name), however it is written, or the machine that opspact itself runs on; behind a bastion, the same user too. Site:
the variable `opspact_site`, else the groups named `site_…`. Storage: the variable `opspact_storage` (a datastore, a
cabinet: what fails as one). A value that holds a template is not known here, and never makes two hosts alike.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from opspact.model.inventory.bastion import behind_bastions
from opspact.model.inventory.connection_variables import ADDRESS, PORT, USER, followed, value_of
from opspact.model.inventory.host import Host, Inventory
from opspact.model.inventory.own_variables import SERVER_ADDRESS, SITE, STORAGE
from opspact.structs import Struct

SITE_GROUPS = "site_"
HERE = "localhost"
"""The machine that opspact runs on."""

_MOST_ALIASES = 10
_SSH = "22"
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.|$)){4}(?<!\.)")
"""Four numbers: most addresses, and each written in one way only."""


class Places(Struct, dict=True):
    """Where the hosts of an inventory are."""

    inventory: Inventory

    @cached_property
    def machines(self) -> Mapping[str, str]:
        """Each host's machine: an address, a name, or HERE."""
        own = {name: _address(host) for name, host in self.inventory.hosts.items()}
        own |= {name: f"{self._user(name)} at {own[name]}" for name in self._behind_bastions}
        return {name: _followed(name, own) for name in own}

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The hosts of each machine, in the inventory's order."""
        return _reversed((name, [machine]) for name, machine in self.machines.items())

    @cached_property
    def sites(self) -> Mapping[str, frozenset[str]]:
        """Each host's sites, where they are known."""
        found: dict[str, set[str]] = {}
        for group, hosts in self.inventory.groups.items():
            if group.startswith(SITE_GROUPS):
                for host in hosts:
                    found.setdefault(host, set()).add(group)
        by_groups = {host: frozenset(sites) for host, sites in found.items()}
        return {**by_groups, **self._said(SITE)}

    @cached_property
    def storages(self) -> Mapping[str, frozenset[str]]:
        """Each host's storages, where they are known."""
        return self._said(STORAGE)

    @cached_property
    def by_site(self) -> Mapping[str, tuple[str, ...]]:
        """The hosts of each site."""
        return _reversed(self.sites.items())

    @cached_property
    def by_storage(self) -> Mapping[str, tuple[str, ...]]:
        """The hosts of each storage."""
        return _reversed(self.storages.items())

    def port(self, host: str) -> str:
        """Given a host, return the port of its ssh, as written."""
        return value_of(self.inventory.hosts[host], PORT) or _SSH

    def server_address(self, host: str) -> tuple[str, int]:
        """Given a host, return the address and the port of ssh at which other hosts reach it.

        A variable may give the address. Behind a bastion, address and port are not the inventory's, which are for
        people: without that variable it is the host's name, and the port is 22. What the inventory says and no
        connection can follow counts as not said: OP211 refuses it.
        """
        written = self.inventory.hosts[host]
        said, is_behind = followed(written, (SERVER_ADDRESS,)), host in self._behind_bastions
        port = "" if is_behind else followed(written, PORT)
        return said or ("" if is_behind else followed(written, ADDRESS)) or host, int(port or _SSH)

    @cached_property
    def _behind_bastions(self) -> frozenset[str]:
        return behind_bastions(self.inventory.hosts.values())

    def _user(self, host: str) -> str:
        return value_of(self.inventory.hosts[host], USER)

    def _said(self, variable: str) -> dict[str, frozenset[str]]:
        found = {}
        for name, host in self.inventory.hosts.items():
            if said := _words(host.variables.get(variable)):
                found[name] = said
        return found


def _words(value: object) -> frozenset[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return frozenset(str(each) for each in values if each not in {None, ""} and "{{" not in str(each))


def _address(host: Host) -> str:
    variables = host.variables
    if variables.get("ansible_connection") == "local":
        return HERE
    said = str(variables.get("ansible_host") or variables.get("ansible_ssh_host") or host.name)
    said = said.replace("{{ inventory_hostname }}", host.name).replace("{{inventory_hostname}}", host.name)
    return host.name if "{{" in said else _one_way(said)


def _one_way(address: str) -> str:
    """Return an address in the one way in which it is compared."""
    plain = address.strip("[]").rstrip(".").casefold()
    if _IPV4.fullmatch(plain):
        return HERE if plain.startswith("127.") else plain
    try:
        number = ipaddress.ip_address(plain)
    except ValueError:
        return HERE if plain == "localhost" or plain.startswith("localhost.") else plain
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped:
        number = number.ipv4_mapped
    return HERE if number.is_loopback else str(number)


def _followed(name: str, own: Mapping[str, str]) -> str:
    """Return a host's machine; an address that is another host's name is that host."""
    for _ in range(_MOST_ALIASES):
        address = own[name]
        if address == name or address not in own:
            break
        name = address
    return own[name]


def _reversed(pairs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, places in pairs:
        for place in places:
            found.setdefault(place, []).append(name)
    return {place: tuple(names) for place, names in found.items()}
