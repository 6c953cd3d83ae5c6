"""The kind `inspection`, as it is meant: a scheduled look at hosts.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.schedule import Schedule


class Item(Struct):
    """One thing that an inspection looks at: its settings as the on-host program reads them.

    `hosts` limits it to some of the inspection's hosts (None: all of them).
    """

    settings: Mapping[str, object]
    hosts: frozenset[str] | None


class Inspection(Struct):
    """A scheduled look at hosts."""

    name: str
    hosts: tuple[str, ...]
    schedule: Schedule
    items: tuple[Item, ...]
    critical_opens: str
    origin: Origin

    def items_of(self, host: str) -> tuple[Item, ...]:
        """Given one of its hosts, return what is looked at there."""
        return tuple(item for item in self.items if item.hosts is None or host in item.hosts)
