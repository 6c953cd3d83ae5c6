"""Who has asked for what a run does: everybody who began it, went on with it, or answered in it.

In: the ledger, the contract. Out: people, and actors that are nobody's.
"""

from collections.abc import Iterator

from opspact.evidence.approvals import people_named
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunStarted
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStarted
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.structs import Struct

PEOPLE = "people"
"""The argument of a run's start that names people by the accounts and signing keys of whoever started it."""

RunEvent = RunStarted | RunbookStarted | RunbookAnswered


class Requesters(Struct):
    """Who has asked: `people` of the contract; `unknown`: actors of whom no policy says who they are."""

    people: frozenset[str]
    unknown: tuple[str, ...]


def requesters(ledger: Ledger, contract: Contract, run: str) -> Requesters:
    """Given a run, return who has asked for what it does, in any attempt, under whatever name."""
    people: dict[str, set[str]] = {}
    for each in _events(ledger, contract.name, run):
        people.setdefault(each.actor, set()).update(people_named(contract, (each.actor, *_names(each.event))))
    unknown = tuple(actor for actor, found in people.items() if not found)
    return Requesters(frozenset().union(*people.values()), unknown)


def _events(ledger: Ledger, contract: str, run: str) -> Iterator[Recorded[RunEvent]]:
    subject = f"run/{run}"
    yield from ledger.read(RunStarted, contract=contract, subject=subject)
    yield from ledger.read(RunbookStarted, contract=contract, subject=subject)
    yield from ledger.read(RunbookAnswered, contract=contract, subject=subject)


def _names(event: RunEvent) -> Iterator[str]:
    if isinstance(event, RunbookStarted):
        yield event.person
    if isinstance(event, RunStarted):
        found = event.arguments.get(PEOPLE)
        yield from (each for each in found if isinstance(each, str)) if isinstance(found, list | tuple) else ()
