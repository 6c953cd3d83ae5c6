"""What the ledger says of earlier applies: which commit was carried out last, which hosts carry something of ours.

Comes in: a ledger, a compiled contract. Goes out: a commit, hosts. Called by the commands `plan`, `apply`, `verify`.
"""

from collections.abc import Iterator
from heapq import merge

from opspact.errors import NothingThere
from opspact.ledger.event import Event
from opspact.ledger.store import Ledger
from opspact.rollout.record import FINISHED, STARTED
from opspact.rollout.workspace import Compiled


def last_commit(ledger: Ledger, contract: str) -> str:
    """Given a contract's name, return the commit of its newest apply, as recorded; empty when there was none."""
    newest = next(ledger.events(kind=FINISHED, contract=contract, newest_first=True, limit=1), None)
    return newest.commit if newest else ""


def hosts_to_look_at(head: Compiled, ledger: Ledger | None, limit: str | None) -> tuple[str, ...]:
    """Given a compiled contract, return the chosen hosts that have steps or still carry some, in inventory order.

    Raise Refused when the limit is no pattern for this inventory, NothingThere when no host is left.
    """
    chosen = head.chosen(limit)
    without = {name for name in chosen if not head.work[name].make}
    carrying = _carrying(ledger, head.contract.name, without) if ledger and without else set()
    found = tuple(name for name in chosen if name not in without or name in carrying)
    if not found:
        raise NothingThere(
            "no policy asks anything of the hosts chosen", hint="see `hosts` in the policies, and --limit"
        )
    return found


def _carrying(ledger: Ledger, contract: str, names: set[str]) -> set[str]:
    """Return those of the names on which the newest apply that concerned them left something of ours, or may have."""
    open_names = set(names)
    carrying: set[str] = set()
    for event in _applies(ledger, contract):
        if not open_names:
            break
        hosts, left = event.body.get("hosts", {}), set(event.body.get("carrying", ()))
        for name in open_names & hosts.keys():
            # An apply that began here and never ended was killed in the middle: only the host itself knows how far.
            if name in left or event.kind == STARTED:
                carrying.add(name)
            # A host that could not be mended then may still carry what it carried before: an older event tells.
            elif "why" in hosts[name] or "reach" in hosts[name]:
                continue
            open_names.discard(name)
    return carrying


def _applies(ledger: Ledger, contract: str) -> Iterator[Event]:
    """Yield the beginnings and ends of applies, newest first."""
    kinds = [ledger.events(kind=kind, contract=contract, newest_first=True) for kind in (FINISHED, STARTED)]
    return merge(*kinds, key=lambda event: event.sequence, reverse=True)
