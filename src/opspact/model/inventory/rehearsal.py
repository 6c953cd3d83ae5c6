"""Rehearsal hosts: those that are there to be broken, so that drills may make faults on them.

Comes in: an inventory. Goes out: names of hosts.
"""

from opspact.model.inventory.host import Inventory
from opspact.model.inventory.own_variables import REHEARSAL

_YES = frozenset({"true", "yes"})


def rehearsal_hosts(inventory: Inventory) -> frozenset[str]:
    """Given an inventory, return the hosts whose variable `opspact_rehearsal` is true; anything else is no."""
    return frozenset(
        name for name, host in inventory.hosts.items() if str(host.variables.get(REHEARSAL, "")).casefold() in _YES
    )
