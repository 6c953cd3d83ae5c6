"""Hosts behind a bastion that reads from the user name which one is meant: `li@root@app1`, `li#root#17`.

Comes in: hosts of the inventory, or how one was reached. Goes out: what tells them apart, and which share a bastion.
Such hosts have one address, one port and one host key: the bastion's.
"""

import re
from collections.abc import Iterable

from opspact.model.inventory.connection_variables import ADDRESS, ARGUMENTS, PORT, USER, is_local, value_of
from opspact.model.inventory.host import Host
from opspact.structs import Struct

_SEPARATOR = re.compile(r"[@#%:/]")
"""Between person, account and asset, as JumpServer, Qizhi, Palladium, Wallix and CyberArk write them. A user of a
directory (`li@example.com`) has one as well: then only its lock shows two names of one machine."""

_NAMES_AN_ASSET = re.compile(r"#|[@#%:/].*[@#%:/]")
"""A user that no directory has: more than a person and a domain."""

LOGINS_AT_ONCE = 8
"""To one bastion: from ten on, OpenSSH drops some at random (MaxStartups 10:30:100), and other servers take fewer."""


class Bastion(Struct):
    """One door to several hosts: `address` (a port other than 22 is named) and the names of the hosts behind it."""

    address: str
    hosts: tuple[str, ...]

    @property
    def is_busy(self) -> bool:
        """Whether it leads to more hosts than may log in there at once."""
        return len(self.hosts) > LOGINS_AT_ONCE


def asset_user(user: str) -> str:
    """Given the user of a connection, return it where it names what lies behind the address; else nothing."""
    return user if _SEPARATOR.search(user) else ""


def route(host: Host) -> tuple[str, str, str]:
    """Given a host, return where its connection goes: address, port, ssh's arguments (a jump host is among them)."""
    arguments = " ".join(str(host.variables[name]) for name in ARGUMENTS if name in host.variables)
    return value_of(host, ADDRESS) or host.name, value_of(host, PORT) or "22", arguments


def bastions(hosts: Iterable[Host]) -> tuple[Bastion, ...]:
    """Given hosts, return the bastions that lead to more than one of them, in the hosts' order."""
    behind: dict[tuple[str, str, str], list[str]] = {}
    for host in hosts:
        if not is_local(host) and asset_user(value_of(host, USER)):
            behind.setdefault(route(host), []).append(host.name)
    return tuple(
        Bastion(address if port == "22" else f"{address} port {port}", tuple(names))
        for (address, port, _), names in behind.items()
        if len(names) > 1
    )


def behind_bastions(hosts: Iterable[Host]) -> frozenset[str]:
    """Given hosts, return the names of those behind a bastion: one of several, or by its user alone."""
    hosts = tuple(hosts)
    by_user = {it.name for it in hosts if not is_local(it) and _NAMES_AN_ASSET.search(value_of(it, USER))}
    return frozenset(by_user.union(*(bastion.hosts for bastion in bastions(hosts))))
