"""Sets of hosts as bits of whole numbers: of ten thousand hosts, what two policies share costs a microsecond.

Comes in: the contract's hosts. Goes out: sets, and words for them. Used by rules about copies and schedules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from opspact.analyse.rule import Given
from opspact.model.wall import bits


@dataclass(frozen=True)
class HostSets:
    """The hosts, in the inventory's order, which gives each its bit."""

    order: tuple[str, ...]

    @cached_property
    def _bit(self) -> dict[str, int]:
        return {name: bit for bit, name in enumerate(self.order)}

    def of(self, hosts: Iterable[str]) -> int:
        """Given hosts, return their set."""
        flags = bytearray(b"0" * (len(self.order) or 1))
        for host in hosts:
            flags[-1 - self._bit[host]] = ord("1")
        return int(flags, 2)

    def names(self, hosts: int) -> list[str]:
        """Given a set, return its hosts in the inventory's order."""
        return [self.order[bit] for bit in bits(hosts)]

    def told(self, hosts: int) -> str:
        """Given a set, return words for it."""
        return told(self.names(hosts))


def host_sets(given: Given) -> HostSets:
    """Given a contract, return its hosts as sets are made of."""
    return HostSets(tuple(given.contract.inventory.hosts))


def told(hosts: Sequence[str]) -> str:
    """Given hosts, return words for them: all of a few, one of many and how many more."""
    if not hosts:
        return "no host"
    if len(hosts) > 3:  # noqa: PLR2004 - more names than that are not read
        return f"{hosts[0]} and {len(hosts) - 1} more hosts"
    return hosts[0] if len(hosts) == 1 else f"{', '.join(hosts[:-1])} and {hosts[-1]}"
