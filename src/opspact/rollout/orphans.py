"""Hosts that left the inventory while something of ours is on them: apply cannot reach them, so people are told.

Comes in: a ledger, the contract as it is now and maybe as it was. Goes out: those hosts, what stays there, how each was
reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from opspact.errors import Refused
from opspact.fleet.connection import address_of
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostAddress, HostRetired, PlannedHost
from opspact.ledger.canonical import time_text
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model.inventory.host import Inventory
from opspact.plan.orphan import OrphanHost
from opspact.workspace.workspace import Compiled, context


@dataclass(slots=True)
class _Past:
    """What one host's events come to so far: what is there, what was being taken away, how it was reached."""

    there: dict[str, None] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    at: datetime | None = None
    address: str = ""
    user: str = ""

    def begun(self, planned: PlannedHost, reached_at: HostAddress, at: datetime) -> None:
        """Take in that an apply began to act here; it may have done any of it."""
        self.there |= dict.fromkeys([*planned.add, *planned.change])
        self.leaving |= {*planned.remove, *planned.release}
        self.at = at
        self.address, self.user = reached_at.address or self.address, reached_at.user or self.user

    def settled(self) -> None:
        """Take in that the host was seen in order afterwards: what was to leave has left."""
        self.there = {identity: None for identity in self.there if identity not in self.leaving}
        self.leaving.clear()

    def left(self, name: str) -> OrphanHost:
        """Return it as what is told of a host that left."""
        reached_at = f"{self.user}@{self.address}" if self.user else self.address
        return OrphanHost(name, tuple(self.there), reached_at, time_text(self.at) if self.at else "")


def departed(head: Compiled, *, ledger: Ledger | None = None, base: Compiled | None = None) -> tuple[OrphanHost, ...]:
    """Given the contract, return the hosts that are in its inventory no more and still carry something of ours.

    The ledger tells what was done there. Of a host that it does not know, `base` (the contract as it was) tells.
    """
    inventory = head.contract.inventory
    pasts = _pasts(ledger, head.contract.name, inventory) if ledger else {}
    found = [past.left(name) for name, past in pasts.items() if past.there]
    for name, work in base.work.items() if base else ():
        if name not in inventory.hosts and name not in pasts and work.make:
            found.append(OrphanHost(name, tuple(step.identity for step in work.make if step.tasks())))
    return tuple(_with_namesakes(found, pasts, inventory))


def retire(ledger: Ledger, head: Compiled, host: str, *, reason: str) -> OrphanHost:
    """Given a host that left the inventory, record that it is gone for good; nothing is said of it any more.

    Raise Refused when it is in the inventory, or when nothing of ours is known to be there.
    """
    if host in head.contract.inventory.hosts:
        raise Refused(f"{host} is in the inventory", hint="take it out of there first")
    if not reason.strip():
        raise Refused("a host is retired for a reason", hint='--reason "scrapped on 2026-11-23"')
    for left in departed(head, ledger=ledger):
        if left.name == host:
            ledger.record(HostRetired(host, reason.strip(), left.stays), context=context(head))
            return left
    raise Refused(f"the ledger knows of nothing that opspact left on {host}", hint="`opspact plan` lists such hosts")


def _pasts(ledger: Ledger, contract: str, inventory: Inventory) -> dict[str, _Past]:
    """Return what the ledger tells of each host that is not in the inventory, oldest first."""
    begun = [
        each
        for each in ledger.read(ApplyStarted, contract=contract)
        if each.event.hosts.keys() - inventory.hosts.keys()
    ]
    if not begun:
        return {}
    first = begun[0].sequence
    finished = ledger.read(ApplyFinished, contract=contract, after=first)
    retired = ledger.read(HostRetired, contract=contract, after=first)
    pasts: dict[str, _Past] = {}
    past: list[Recorded[ApplyStarted | ApplyFinished | HostRetired]] = [*begun, *finished, *retired]
    for each in sorted(past, key=lambda each: each.sequence):
        _take(each.event, each.at, pasts, inventory=inventory)
    return pasts


def _take(
    event: ApplyStarted | ApplyFinished | HostRetired, at: datetime, pasts: dict[str, _Past], *, inventory: Inventory
) -> None:
    """Take one event into what is known of the hosts that left."""
    match event:
        case ApplyStarted():
            for name in event.hosts.keys() - inventory.hosts.keys():
                way = event.reached_at.get(name, HostAddress())
                pasts.setdefault(name, _Past()).begun(event.hosts[name], way, at)
        case ApplyFinished():
            for name in pasts.keys() & event.hosts.keys():
                if event.hosts[name].is_acted_on:
                    pasts[name].settled()
        case HostRetired():
            pasts[event.host] = _Past()
        case _:
            assert_never(event)


def _with_namesakes(
    found: Iterable[OrphanHost], pasts: Mapping[str, _Past], inventory: Inventory
) -> Iterable[OrphanHost]:
    """Yield the hosts that left, each with the host of the inventory that has its address now."""
    by_address: dict[str, str] | None = None
    for left in found:
        address = pasts[left.name].address if left.name in pasts else ""
        if address and by_address is None:
            by_address = {address_of(host): name for name, host in inventory.hosts.items()}
        yield replace(left, namesake=by_address.get(address, "") if address and by_address else "")
