"""Recording inside the writer's transaction: keys that are taken, leases that were lost, the next events.

In: a connection that no other writer runs beside, and what is to be recorded. Out: sealed events, inserted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, insert

from opspact.errors import AlreadyRecorded, LeaseLost
from opspact.ledger import query, table
from opspact.ledger.event import Entry, Head, SealedEvent, event_from_row, seal
from opspact.ledger.events import E, Fence, typed
from opspact.ledger.run_events import LeaseTaken, RunStarted
from opspact.text.names import list_names

ROWS_AT_ONCE = 500
"""Rows, or values, that one statement takes or gives at once."""

_NAMED = 3

T = TypeVar("T")


def in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists that one statement can take."""
    rest = iter(items)
    while batch := list(islice(rest, ROWS_AT_ONCE)):
        yield batch


def insert_all(connection: Connection, events: Iterable[SealedEvent]) -> SealedEvent | None:
    """Given sealed events, in order, insert them; return the last one, None when there is none."""
    last = None
    for batch in in_batches(events):
        connection.execute(insert(table.events), [event.as_row() for event in batch])
        last = batch[-1]
    return last


def sealed_after(head: Head, entries: Iterable[Entry]) -> Iterator[SealedEvent]:
    """Given a head and what is to be recorded, yield the events that follow it."""
    for entry in entries:
        event = seal(entry, after=head)
        head = event.head
        yield event


def repeated(connection: Connection, entries: Sequence[Entry | SealedEvent]) -> Mapping[int, int]:
    """Given what is to be recorded, return the places of those whose key is taken, and the event that has it.

    The event's number is 0 where one before it in the sequence has the key.
    """
    places: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    found: dict[int, int] = {}
    for place, entry in enumerate(entries):
        if entry.key and places[entry.contract, entry.kind].setdefault(entry.key, place) != place:
            found[place] = 0
    for (contract, kind), by_key in places.items():
        for keys in in_batches(by_key):
            for sequence, key in connection.execute(query.with_keys(kind, contract, keys)):
                found[by_key[key]] = sequence
    return found


def refuse_repeated(entries: Sequence[Entry], found: Mapping[int, int]) -> None:
    """Given what `repeated` found, raise AlreadyRecorded, which names it, unless it is nothing."""
    if not found:
        return
    words = [
        f'{entries[place].kind} "{entries[place].key}"' + (f" is event {sequence}" if sequence else " is given twice")
        for place, sequence in sorted(found.items())
    ]
    hint = "nothing was recorded; another process may have recorded it: read the ledger again"
    raise AlreadyRecorded(f"already recorded: {list_names(words, _NAMED)}", hint=hint)


def check_fence(connection: Connection, contract: str, fence: Fence) -> None:
    """Given a run's fence, raise LeaseLost when a newer attempt of it began, or when another run has a host's lease."""
    newest = _newest_attempt(connection, contract, fence.run) if fence.run else fence.attempt
    if newest != fence.attempt:
        words = f"attempt {newest} of it has started" if newest else "it is not in the ledger"
        raise LeaseLost(f"run {fence.run} cannot continue: {words}", hint=_HINT_LOST)
    later = _typed(connection, LeaseTaken, {"contract": contract, "after": fence.after}) if fence.tokens else ()
    lost = {lease.host: lease.run for lease in later if lease.token > fence.tokens.get(lease.host, lease.token)}
    if lost:
        by = sorted(filter(None, set(lost.values())))
        words = f" to run {list_names(by, _NAMED)}" if by else ""
        shown = list_names(list(lost), _NAMED)
        raise LeaseLost(f"the lease of {shown} is lost{words}", lost, hint=_HINT_LOST)


_HINT_LOST = "nothing was recorded; check what the other run did, then start again"


def _newest_attempt(connection: Connection, contract: str, run: str) -> int:
    choice: query.Choice = {"contract": contract, "subject": f"run/{run}", "newest_first": True, "limit": 1}
    return max((started.attempt for started in _typed(connection, RunStarted, choice)), default=0)


def _typed(connection: Connection, kind: type[E], choice: query.Choice) -> Iterator[E]:
    for row in connection.execute(query.chosen(kind.kind, choice)).mappings():
        yield typed(event_from_row(dict(row)), kind).event


def newest_rows(connection: Connection, kind: str, contract: str, *, walk: Any) -> Iterator[Mapping[str, Any]]:
    """Given subjects as `query` walks them, yield the row of each one's newest event of a kind."""
    yield from outermost_rows(connection, query.sequences(kind, contract, walk, newest=True))


def outermost_rows(connection: Connection, sequences: Any) -> Iterator[Mapping[str, Any]]:
    """Given the query for sequence numbers, yield the rows of those events, a few hundred at a time."""
    found = [sequence for (sequence,) in connection.execute(sequences) if sequence is not None]
    for batch in in_batches(found):
        yield from map(dict, connection.execute(query.numbered(batch)).mappings())
