"""Sets of hosts as bits of whole numbers: of ten thousand hosts, what two policies share costs a microsecond.

Comes in: the contract's hosts. Goes out: sets, and words for them.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, reduce
from operator import or_

from opspact.analyse.rule import RuleContext
from opspact.model.time.occupancy import bits
from opspact.structs import Struct

_NAMED = 3
"""So many hosts are named; more names are not read."""


class HostSets(Struct, dict=True):
    """The hosts, in the inventory's order, which gives each its bit."""

    order: tuple[str, ...]

    @cached_property
    def _bit(self) -> dict[str, int]:
        return {name: bit for bit, name in enumerate(self.order)}

    @cached_property
    def _known(self) -> dict[tuple[str, ...], int]:
        return {}

    def of(self, hosts: Iterable[str]) -> int:
        """Given hosts, return their set."""
        chosen = tuple(hosts)
        if chosen not in self._known:
            self._known[chosen] = self._made(chosen)
        return self._known[chosen]

    def _made(self, hosts: tuple[str, ...]) -> int:
        if len(hosts) == 1:
            return 1 << self._bit[hosts[0]]
        flags = bytearray(b"0" * (len(self.order) or 1))
        for host in hosts:
            flags[-1 - self._bit[host]] = ord("1")
        return int(flags, 2)

    def names(self, hosts: int) -> list[str]:
        """Given a set, return its hosts in the inventory's order."""
        return [self.order[bit] for bit in bits(hosts)]

    def format(self, hosts: int) -> str:
        """Given a set, return words for it."""
        count, first = hosts.bit_count(), []
        for _ in range(min(count, _NAMED)):
            first.append(self.order[(hosts & -hosts).bit_length() - 1])
            hosts &= hosts - 1
        return _words(first, count)


def union(sets: Iterable[int]) -> int:
    """Given sets, return all that is in one of them."""
    return reduce(or_, sets, 0)


def host_sets(context: RuleContext) -> HostSets:
    """Given a contract, return its hosts as sets are made of."""
    return HostSets(tuple(context.contract.inventory.hosts))


def format_hosts(hosts: Sequence[str]) -> str:
    """Given hosts, return words for them: all of a few, one of many and how many more."""
    return _words(hosts[:_NAMED], len(hosts))


def _words(first: Sequence[str], count: int) -> str:
    if not count:
        return "no host"
    if count > _NAMED:
        return f"{first[0]} and {count - 1} more hosts"
    return first[0] if count == 1 else f"{', '.join(first[:-1])} and {first[-1]}"
