"""Does the chain hold? Rows in, what is wrong with them out; no database.

In: rows in the order of their sequence numbers, and heads noted elsewhere (the anchor, a printed one). Out: the number
of events, the head, every break in words, and the times that run backwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opspact.errors import ChainBreak
from opspact.ledger.canonical import time_text
from opspact.ledger.event import EMPTY, Head, SealedEvent, event_from_row
from opspact.structs import Struct

ALTERED = "content does not match its hash"
_MOST_MOVED = 100  # the search for swapped rows compares each with each


class RecordedHead(Struct):
    """A head that was noted outside the table, and where, in words (`the anchor file ledger.head`).

    `contract`: of whose ledger it is; empty: of this one.
    """

    head: Head
    where: str
    contract: str = ""


class TimeReversal(Struct):
    """An event whose time lies before that of the event before it: clocks disagreed, or one was set back.

    The order of recording is right all the same, and no chain is broken by it.
    """

    sequence: int
    at: datetime
    before: datetime

    def __str__(self) -> str:
        """Return it in words."""
        last = self.sequence - 1
        return f"event {self.sequence} at {time_text(self.at)} comes after event {last} at {time_text(self.before)}"


@dataclass(slots=True)
class Chain:
    """A walk along the rows of a ledger. Feed it each row, in order, to `add`; then ask for `breaks()` and `head`.

    `reversals`: times that run backwards. `contracts`: those with events.
    """

    recorded: tuple[RecordedHead, ...] = ()
    count: int = 0
    head: Head = EMPTY
    reversals: list[TimeReversal] = field(default_factory=list)
    contracts: set[str] = field(default_factory=set)
    _last_at: datetime | None = None
    _found: list[ChainBreak] = field(default_factory=list)
    _altered: list[SealedEvent] = field(default_factory=list)
    _hashes: dict[int, str] = field(default_factory=lambda: {0: EMPTY.hash})
    _wanted: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Note of which events the hash is kept: there may be thousands of heads."""
        self._wanted = frozenset(recorded.head.sequence for recorded in self.recorded)

    def add(self, row: Mapping[str, Any]) -> None:
        """Given the next row, compare it with itself and with the row before."""
        sequence, last = row["sequence"], self.head
        self.contracts.add(str(row["contract"]))
        number = sequence if isinstance(sequence, int) else 0
        self.count += 1
        if number <= last.sequence:
            self._report(number, f"event {sequence} is at the position of event {last.sequence + 1}: it was inserted")
            return
        if number > last.sequence + 1:
            self._report(last.sequence + 1, _missing(last.sequence + 1, number - 1))
        elif row["previous"] != last.hash:
            self._report(number, f"event {number} does not follow event {number - 1}: one was rewritten or inserted")
        self._look_inside(row, number)
        self.head = Head(number, str(row["hash"]))
        if number in self._wanted:
            self._hashes[number] = self.head.hash

    def _look_inside(self, row: Mapping[str, Any], number: int) -> None:
        try:
            event = event_from_row(row)
            event.check_canonical()
        except ValueError as error:
            self._report(number, f"event {number} was changed: {error}")
            return
        if event.computed_hash() != event.hash:
            self._altered.append(event)
        if self._last_at and event.at < self._last_at:
            self.reversals.append(TimeReversal(number, event.at, self._last_at))
        self._last_at = event.at

    @property
    def is_intact(self) -> bool:
        """Return whether every row so far holds; the heads noted elsewhere are left for `breaks`."""
        return not (self._found or self._altered)

    def row_breaks(self) -> tuple[ChainBreak, ...]:
        """Return what is wrong with the rows so far, in the order of the sequence."""
        return tuple(sorted([*self._found, *self._describe_altered()], key=lambda one: one.sequence))

    def breaks(self) -> tuple[ChainBreak, ...]:
        """Return everything that is wrong, compared with the heads noted elsewhere too; empty when the chain holds."""
        found = [*self.row_breaks(), *filter(None, map(self._compare, self.own_heads()))]
        return tuple(sorted(found, key=lambda one: one.sequence))

    def own_heads(self) -> tuple[RecordedHead, ...]:
        """Return the heads noted elsewhere that are of this ledger: of an empty one, every head is."""
        return tuple(
            recorded
            for recorded in self.recorded
            if not (recorded.contract and self.contracts) or recorded.contract in self.contracts
        )

    def _describe_altered(self) -> list[ChainBreak]:
        places = [event.sequence for event in self._altered[:_MOST_MOVED]]
        found = []
        for event in self._altered:
            origin = next((place for place in places if _belongs_at(event, place)), None)
            words = ALTERED if origin is None else f"it was swapped, this is event {origin}"
            found.append(ChainBreak(event.sequence, f"event {event.sequence} was changed: {words}"))
        return found

    def _compare(self, recorded: RecordedHead) -> ChainBreak | None:
        sequence = recorded.head.sequence
        if sequence > self.head.sequence:
            missing = _missing(self.head.sequence + 1, sequence)
            return ChainBreak(
                self.head.sequence + 1, f"{missing} at the end: {recorded.where} refers to event {sequence}"
            )
        if self._hashes.get(sequence, recorded.head.hash) != recorded.head.hash:
            words = "earlier events were rewritten, or the record was changed"
            return ChainBreak(sequence, f"event {sequence} does not match {recorded.where}: {words}")
        return None

    def _report(self, sequence: int, message: str) -> None:
        self._found.append(ChainBreak(sequence, message))


def _belongs_at(event: SealedEvent, sequence: int) -> bool:
    return sequence != event.sequence and event.moved_to(sequence).computed_hash() == event.hash


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def expected(head: Head | None) -> tuple[RecordedHead, ...]:
    """Given a head that the caller names, or none, return it as one that was noted elsewhere."""
    return () if head is None else (RecordedHead(head, "the expected head"),)


def chain_of(rows: Iterable[Mapping[str, Any]], *, recorded: Iterable[RecordedHead] = ()) -> Chain:
    """Given all rows in order and the heads noted elsewhere, return the walked chain."""
    chain = Chain(tuple(recorded))
    for row in rows:
        chain.add(row)
    return chain
