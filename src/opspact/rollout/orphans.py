"""Hosts that left the inventory while something of ours is on them: apply cannot reach them, so they are reported.

In: a ledger, the contract as it is now and maybe as it was. Out: those hosts, what stays there, how each was reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from opspact.errors import Refused
from opspact.fleet.connection import address_of
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostAddress, HostRetired, PlannedSteps
from opspact.ledger.canonical import time_text
from opspact.ledger.events import AnyEvent, Recorded
from opspact.ledger.store import Ledger
from opspact.model.inventory.bastion import asset_user
from opspact.model.inventory.connection_variables import USER, value_of
from opspact.model.inventory.host import Inventory
from opspact.plan.change import Action
from opspact.plan.orphan import OrphanHost
from opspact.rollout.policy_record import removed_policies
from opspact.structs import replace
from opspact.workspace.workspace import Compiled, context

_LEAVES = frozenset({Action.REMOVE, Action.RELEASE})


@dataclass(slots=True)
class _HostHistory:
    """What one host's events come to so far: what is there, what was being removed, how it was reached."""

    there: dict[str, None] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    at: datetime | None = None
    address: str = ""
    user: str = ""

    def start(self, planned: PlannedSteps, reached_at: HostAddress, at: datetime) -> None:
        """Take in that an apply started to act here; it may have done any of it."""
        for action, identities in planned.items():
            if action.makes:
                self.there |= dict.fromkeys(identities)
            elif action in _LEAVES:
                self.leaving |= {*identities}
        self.at = at
        self.address, self.user = reached_at.address or self.address, reached_at.user or self.user

    def finish(self) -> None:
        """Take in that all that was to be done there was done: what was to leave has left."""
        self.there = {identity: None for identity in self.there if identity not in self.leaving}
        self.leaving.clear()

    def orphan(self, name: str) -> OrphanHost:
        """Return it as an orphan."""
        reached_at = f"{self.user}@{self.address}" if self.user else self.address
        return OrphanHost(name, tuple(self.there), reached_at, time_text(self.at) if self.at else "")


def orphan_hosts(
    head: Compiled, *, ledger: Ledger | None = None, base: Compiled | None = None
) -> tuple[OrphanHost, ...]:
    """Given the contract, return the hosts that are not in its inventory any more and still carry something of ours.

    The ledger says what was done there; of a host that it does not know, `base` (the contract as it was) does.
    """
    inventory = head.contract.inventory
    histories = _histories(ledger, head.contract.name, inventory) if ledger else {}
    found = [history.orphan(name) for name, history in histories.items() if history.there]
    for name, work in base.work.items() if base else ():
        if name not in inventory.hosts and name not in histories and work.make:
            found.append(OrphanHost(name, tuple(step.identity for step in work.make if step.tasks())))
    return tuple(_with_namesakes(found, histories, inventory))


def retire(ledger: Ledger, head: Compiled, host: str, *, reason: str) -> OrphanHost:
    """Given a host that left the inventory, record that it is gone for good; it is not reported any more.

    Raise Refused when it is in the inventory, or when the ledger records nothing of ours there.
    """
    if host in head.contract.inventory.hosts:
        raise Refused(f"{host} is in the inventory", hint="remove it from the inventory first")
    if not reason.strip():
        raise Refused("a reason is required", hint='--reason "scrapped on 2026-11-23"')
    for orphan in orphan_hosts(head, ledger=ledger):
        if orphan.name == host:
            retired = HostRetired(host, reason.strip(), orphan.stays)
            events: list[AnyEvent] = [*removed_policies(ledger, head, host), retired]
            ledger.record_all(events, context=context(head))
            return orphan
    raise Refused(f"the ledger records nothing that opspact left on {host}", hint="`opspact plan` lists such hosts")


def _histories(ledger: Ledger, contract: str, inventory: Inventory) -> dict[str, _HostHistory]:
    """Return what the ledger records of each host that is not in the inventory, oldest first."""
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
    histories: dict[str, _HostHistory] = {}
    events: list[Recorded[ApplyStarted | ApplyFinished | HostRetired]] = [*begun, *finished, *retired]
    for each in sorted(events, key=lambda each: each.sequence):
        _take(each.event, each.at, histories, inventory=inventory)
    return histories


def _take(
    event: ApplyStarted | ApplyFinished | HostRetired,
    at: datetime,
    histories: dict[str, _HostHistory],
    *,
    inventory: Inventory,
) -> None:
    """Take one event into what is known of the hosts that left."""
    match event:
        case ApplyStarted():
            for name in event.hosts.keys() - inventory.hosts.keys():
                address = event.reached_at.get(name, HostAddress())
                histories.setdefault(name, _HostHistory()).start(event.hosts[name], address, at)
        case ApplyFinished():
            for name in histories.keys() & event.hosts.keys():
                if event.hosts[name].is_complete:
                    histories[name].finish()
        case HostRetired():
            histories[event.host] = _HostHistory()
        case _:
            assert_never(event)


def _with_namesakes(
    found: Iterable[OrphanHost], histories: Mapping[str, _HostHistory], inventory: Inventory
) -> Iterable[OrphanHost]:
    """Yield the hosts that left, each with the host of the inventory that has its address now."""
    by_place: dict[tuple[str, str], str] | None = None
    for orphan in found:
        history = histories.get(orphan.name)
        if history is None or not history.address:
            yield orphan
            continue
        if by_place is None:
            by_place = {(address_of(it), asset_user(value_of(it, USER))): name for name, it in inventory.hosts.items()}
        yield replace(orphan, namesake=by_place.get((history.address, asset_user(history.user)), ""))
