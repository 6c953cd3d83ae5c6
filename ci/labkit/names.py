"""Every name and address of a lab, derived from its own name, its slice of the network and a host's number.

Comes in: a lab's name and slice. Goes out: addresses, interface and namespace names. Called by every part of the lab.
Deriving instead of remembering is what lets `down` find everything, whatever happened to `up`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

NETWORK = "198.51.100"  # TEST-NET-2 (RFC 5737): documentation only, collides with nobody
SLICE_SIZE = 64  # a /26 each, so four labs at once
PREFIX = 26
DEFAULT_LAB = "demo"
SLICES = 256 // SLICE_SIZE
LARGEST = 62 - 3  # the bridge, and .12 .. .21 keep their room

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A wanted host: its name, the inventory groups it is in (`db` runs PostgreSQL), its number within the slice."""

    name: str
    groups: tuple[str, ...]
    number: int


REFERENCE = (
    HostSpec("app1", ("web", "site_a", "canary"), 11),
    HostSpec("app2", ("web", "site_a"), 12),
    HostSpec("db1", ("db", "site_a"), 13),
    HostSpec("backup1", ("backup", "site_b"), 21),
)


def reference_hosts(count: int = len(REFERENCE)) -> tuple[HostSpec, ...]:
    """Given how many hosts (1 to 45), return the reference lab made smaller, or larger by `app3`, `app4`, ….

    Two hosts are the two application servers, three add the database, four the backup server. Raise `ValueError`
    for a number that the slice cannot carry.
    """
    more = count - len(REFERENCE)
    if count < 1 or more > SLICE_SIZE - 2 - 21:
        raise ValueError(f"{count} hosts: a lab carries 1 to {len(REFERENCE) + SLICE_SIZE - 2 - 21}")
    added = (HostSpec(f"app{3 + extra}", ("web", "site_a"), 22 + extra) for extra in range(max(more, 0)))
    return (*REFERENCE[:count], *added)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one lab, for the slice (0 to 3) of the network that it holds."""

    lab: str
    slice: int

    @property
    def bridge(self) -> str:
        """Return the bridge's interface name (the kernel allows 15 characters)."""
        return f"opl{self.slice}"

    @property
    def network(self) -> str:
        """Return the lab's network, such as `198.51.100.64/26`."""
        return f"{NETWORK}.{self.slice * SLICE_SIZE}/{PREFIX}"

    def address(self, number: int) -> str:
        """Given a host's number (1 is the bridge), return its address."""
        return f"{NETWORK}.{self.slice * SLICE_SIZE + number}"

    def hardware(self, number: int) -> str:
        """Given a host's number, return its MAC address: locally administered, one to one with its IP address."""
        return f"02:00:c6:33:64:{self.slice * SLICE_SIZE + number:02x}"

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
