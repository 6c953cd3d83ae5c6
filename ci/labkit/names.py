"""Every name and address of a lab, derived from its own name, its slice of the network and a host's number.

In: a lab's name and slice. Out: addresses, interface and namespace names.
Deriving instead of remembering is what lets `down` find everything, whatever happened to `up`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import recipe

NETWORK = "198.51.100"  # TEST-NET-2 (RFC 5737): documentation only, collides with nobody
ADDRESSES = 256
SMALLEST = 32  # a /27, for 29 hosts: so eight labs live at once
DEFAULT_LAB = "demo"

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A wanted host: name, inventory groups (`db` runs PostgreSQL), number within the slice, release of Debian."""

    name: str
    groups: tuple[str, ...]
    number: int
    release: str = recipe.RELEASES[0]


REFERENCE = (
    HostSpec("app1", ("web", "site_a", "canary"), 11),
    HostSpec("app2", ("web", "site_a"), 12),
    HostSpec("db1", ("db", "site_a"), 13),
    HostSpec("backup1", ("backup", "site_b"), 21),
)


# Numbers of further hosts: first those that a /27 still has room for.
FURTHER = (*range(22, 31), *range(14, 21), *range(2, 11), *range(31, ADDRESSES - 1))


def reference_hosts(count: int = len(REFERENCE), release: str = recipe.RELEASES[0]) -> tuple[HostSpec, ...]:
    """Given how many hosts (1 to 253), return the reference lab made smaller, or larger by `app3`, `app4`, ….

    Two hosts are the two application servers, three add the database, four the backup server; beyond 29 the lab
    takes more than one eighth of the network. Raise `ValueError` for a number that the network cannot carry.
    """
    more = count - len(REFERENCE)
    if count < 1 or more > len(FURTHER):
        raise ValueError(f"{count} hosts: a lab has 1 to {len(REFERENCE) + len(FURTHER)}")
    added = (HostSpec(f"app{3 + extra}", ("web", "site_a"), FURTHER[extra]) for extra in range(max(more, 0)))
    return tuple(replace(spec, release=release) for spec in (*REFERENCE[:count], *added))


def slice_size(hosts: Iterable[HostSpec]) -> int:
    """Given the hosts of a lab, return how many addresses its slice has: a power of two, 32 or more."""
    needed = max(host.number for host in hosts) + 2  # the highest, the broadcast address
    return max(SMALLEST, 1 << (needed - 1).bit_length())


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one lab, for the slice of the network that it holds: its first address and how many there are."""

    lab: str
    first: int
    size: int

    @property
    def bridge(self) -> str:
        """Return the bridge's interface name (the kernel allows 15 characters)."""
        return f"opl{self.first}"

    @property
    def network(self) -> str:
        """Return the lab's network, such as `198.51.100.64/27`."""
        return f"{NETWORK}.{self.first}/{self.prefix}"

    @property
    def prefix(self) -> int:
        """Return the length of the network's prefix in bits."""
        return 33 - self.size.bit_length()

    def address(self, number: int) -> str:
        """Given a host's number (1 is the bridge), return its address."""
        return f"{NETWORK}.{self.first + number}"

    def hardware(self, number: int) -> str:
        """Given a host's number, return its MAC address: locally administered, one to one with its IP address."""
        return f"02:00:c6:33:64:{self.first + number:02x}"

    def veth(self, number: int) -> str:
        """Given a host's number, return the name of its cable's end on the bridge."""
        return f"{self.bridge}h{number}"

    def namespace(self, host: str) -> str:
        """Given a host's name, return the name of its network namespace."""
        return f"{self.namespace_prefix}{host}"

    @property
    def namespace_prefix(self) -> str:
        """Return how this lab's namespaces begin; the dots keep one lab's prefix from beginning another's."""
        return f"opspact.{self.lab}."


def namespace_path(namespace: str) -> Path:
    """Given a namespace's name, return the file that holds it open."""
    return Path("/run/netns", namespace)
