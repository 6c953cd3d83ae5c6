"""Hosts that left the inventory while something of ours is on them: apply cannot reach them, so people are told.

Comes in: a ledger, the contract as it is now and maybe as it was. Goes out: those hosts, what stays there, how each was
reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from opspact.errors import Refused
from opspact.fleet.connection import address_of
from opspact.ledger.event import Event, time_text
from opspact.ledger.store import Ledger
from opspact.model.inventory.host import Inventory
from opspact.plan.orphan import OrphanHost
from opspact.rollout import record
from opspact.workspace.workspace import Compiled


@dataclass(slots=True)
class _Past:
    """What one host's events come to so far: what is there, what was being taken away, how it was reached."""

    there: dict[str, None] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    at: datetime | None = None
    address: str = ""
    user: str = ""

    def begun(self, event: Event, planned: Mapping[str, Any], way: Mapping[str, str]) -> None:
        """Take in that an apply began to act here; it may have done any of it."""
        self.there |= dict.fromkeys([*planned.get("add", ()), *planned.get("change", ())])
        self.leaving |= {*planned.get("remove", ()), *planned.get("release", ())}
        self.at = event.at
        self.address, self.user = way.get("address", self.address), way.get("user", self.user)

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
            record.retired(ledger, head, left, reason=reason.strip())
            return left
    raise Refused(f"the ledger knows of nothing that opspact left on {host}", hint="`opspact plan` lists such hosts")


def _pasts(ledger: Ledger, contract: str, inventory: Inventory) -> dict[str, _Past]:
    """Return what the ledger tells of each host that is not in the inventory, oldest first."""
    begun = [
        event
        for event in ledger.events(kind=record.STARTED, contract=contract)
        if event.body.get("hosts", {}).keys() - inventory.hosts.keys()
    ]
    if not begun:
        return {}
    ended = [
        event
        for kind in (record.FINISHED, record.RETIRED)
        for event in ledger.events(kind=kind, contract=contract, since=begun[0].at)
    ]
    pasts: dict[str, _Past] = {}
    for event in sorted([*begun, *ended], key=lambda event: event.sequence):
        _take(event, pasts, inventory)
    return pasts


def _take(event: Event, pasts: dict[str, _Past], inventory: Inventory) -> None:
    """Take one event into what is known of the hosts that left."""
    hosts = event.body.get("hosts", {})
    match event.kind:
        case record.STARTED:
            ways = event.body.get("reached_at", {})
            for name in hosts:
                if name not in inventory.hosts:
                    pasts.setdefault(name, _Past()).begun(event, hosts[name], ways.get(name, {}))
        case record.FINISHED:
            for name in pasts.keys() & hosts.keys():
                if not {"why", "reach"} & hosts[name].keys():
                    pasts[name].settled()
        case record.RETIRED:
            pasts[str(event.body.get("host", ""))] = _Past()


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
