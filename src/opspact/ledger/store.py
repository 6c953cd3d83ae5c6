"""The ledger itself: open it, append to it, read it.

Comes in: new events, with their times. Goes out: sealed events, in order. SQLAlchemy is slow to import: import this
module only where a ledger is opened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, Select, insert, select

from opspact.errors import ChainBreak, LedgerBroken, LedgerUnavailable, NothingThere, OpspactError, Refused
from opspact.ledger import table
from opspact.ledger.anchor import Anchor, folder_locked
from opspact.ledger.chain import ALTERED, Chain, Noted, chain_of
from opspact.ledger.engine import (
    Location,
    anchor_of,
    connect,
    keep_log_ahead,
    locate,
    make_file,
    make_folder,
    only_writer,
)
from opspact.ledger.event import EMPTY, Event, Head, NewEvent, event_from_row, seal, time_text
from opspact.ledger.faults import in_our_words

_ROWS_AT_ONCE = 500
_HINT = "nothing was recorded; run `opspact ledger verify`, keep the file as evidence, go on with a new ledger"


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger: a context manager, safe for several threads and beside other processes, not across a fork.

    Every method raises LedgerUnavailable when the database cannot be used now, and LedgerBusy when somebody else kept
    it locked for longer than `wait` seconds.
    """

    location: Location
    anchor: Anchor | None
    wait: float
    _engine: Engine

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()

    def close(self) -> None:
        """Close every connection; the ledger is of no use afterwards."""
        self._engine.dispose()

    def append(self, entry: NewEvent) -> Event:
        """Given what happened, record it after everything recorded before; return the sealed event, safe on the disk.

        Raise LedgerBroken, recording nothing, when the ledger's end does not fit its anchor. When only the anchor could
        not be written the event is recorded all the same, and LedgerUnavailable says so.
        """
        appended = self.append_all(lambda head: [seal(entry, after=head)])
        assert appended is not None, "one went in"
        return appended

    def append_all(self, make: Callable[[Head], Iterable[Event]]) -> Event | None:
        """Given how to make sealed events from the head they follow, record all or none of them; return the last."""
        last = None
        with (
            in_our_words(str(self.location), anchor=self.anchor),
            only_writer(self._engine, wait=self.wait) as connection,
        ):
            made = iter(make(self._sound_end(connection)))
            while batch := list(islice(made, _ROWS_AT_ONCE)):
                connection.execute(insert(table.events), [event.as_row() for event in batch])
                last = batch[-1]
        if self.anchor and last:
            self._advance(self.anchor, last.head)
        return last

    def _sound_end(self, connection: Connection) -> Head:
        # What lies between the anchor and the end: the newest event, and what a crash kept from the anchor.
        noted = self.anchor.read() if self.anchor else _newest(connection)
        query = _ordered().where(table.events.c.sequence >= noted.sequence)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        before = Head(noted.sequence - 1, str(rows[0]["previous"]) if rows else EMPTY.hash) if noted.sequence else EMPTY
        chain = Chain((Noted(noted, str(self.anchor or "the ledger")),), head=before)
        for row in rows:
            chain.add(row)
        if breaks := chain.breaks():
            raise LedgerBroken(f"the ledger {self.location} does not hold at its end", breaks, hint=_HINT)
        return chain.head

    def _advance(self, anchor: Anchor, head: Head) -> None:
        try:
            anchor.advance(head)
        except OSError as error:
            raise LedgerUnavailable(
                f"event {head.sequence} is recorded in {self.location}, but {anchor} is not: {error.strerror}",
                hint="do not record it again; the next event that is recorded mends the anchor",
            ) from error

    def head(self) -> Head:
        """Return the newest event's sequence number and hash; EMPTY when there is none."""
        with self._reading() as connection:
            return _newest(connection)

    def events(
        self,
        *,
        kind: str | None = None,
        since: datetime | None = None,
        contract: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """Return the events of a kind, at or after a time, of a contract; in the order of recording, or against it.

        Reads as it goes, a few hundred rows at a time. Raise LedgerBroken at the first event that does not give its own
        hash, and Refused for a `since` without zone.
        """
        if since is not None and since.utcoffset() is None:
            raise Refused("events since a time need a time with a zone")
        columns = table.events.c
        query = _ordered(newest_first=newest_first).limit(limit)
        if kind is not None:
            query = query.where(columns.kind == kind)
        if contract is not None:
            query = query.where(columns.contract == contract)
        if since is not None:
            query = query.where(columns.at >= time_text(since))
        return map(self._sound, self._stream(query))

    def _sound(self, row: Mapping[str, Any]) -> Event:
        try:
            event = event_from_row(row)
        except ValueError as error:
            raise self._changed(row, str(error)) from error
        if event.computed_hash() != event.hash:
            raise self._changed(row, ALTERED)
        return event

    def _changed(self, row: Mapping[str, Any], why: str) -> LedgerBroken:
        found = ChainBreak(row["sequence"], f"event {row['sequence']} was changed: {why}")
        return LedgerBroken(f"the ledger {self.location} does not hold", [found], hint=_HINT)

    def walk(self, *, noted: Iterable[Noted] = ()) -> Chain:
        """Given heads noted elsewhere, read every row and return the walked chain, whatever is wrong with it."""
        return chain_of(self._stream(_ordered()), noted=noted)

    def inspect_guards(self) -> list[ChainBreak]:
        """Return what is wrong beside the rows: a trigger taken away, a damaged index."""
        with self._reading() as connection:
            return table.inspect_guards(connection)

    def _stream(self, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
        with self._reading() as connection:
            yield from map(dict, connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query).mappings())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_our_words(str(self.location), anchor=self.anchor), self._engine.connect() as connection:
            yield connection


def _ordered(*, newest_first: bool = False) -> Select[Any]:
    sequence = table.events.c.sequence
    return select(table.events).order_by(sequence.desc() if newest_first else sequence)


def _newest(connection: Connection) -> Head:
    row = connection.execute(_ordered(newest_first=True).limit(1)).mappings().first()
    return Head(row["sequence"], row["hash"]) if row else EMPTY


def open_ledger(target: str | Path, *, create: bool = True, anchor: Path | None = None, wait: float = 30.0) -> Ledger:
    """Given a path (SQLite) or `postgresql://…`, return the ledger there; make it where there is none yet.

    `anchor` is the file that keeps the head: by default beside an SQLite file, ending in `.head`; none for PostgreSQL.
    `wait`: seconds to wait for other writers. Raise Refused for a target that cannot be a ledger, LedgerUnfit for
    one that is something else or newer than this program, LedgerUnavailable when it cannot be used now; without
    `create`, NothingThere when there is none, and LedgerBroken when only its anchor is left.
    """
    location = locate(target)
    kept = anchor_of(location, anchor)
    with in_our_words(str(location), anchor=kept), ExitStack() as undo:
        if create:
            _make_places(location, kept)
        elif location.file and not location.file.exists():
            raise _absence(location, kept)
        engine = connect(location, wait=wait)
        undo.callback(engine.dispose)
        ledger = Ledger(location, kept, wait, engine)
        with _places_locked(ledger):
            _make_schema(ledger, engine, create=create)
        undo.pop_all()
    return ledger


def _make_places(location: Location, anchor: Anchor | None) -> None:
    if anchor:
        make_folder(anchor.path.parent)
    if location.file:
        make_folder(location.file.parent)
        make_file(location.file)


def _absence(location: Location, anchor: Anchor | None) -> OpspactError:
    if anchor and anchor.path.exists():
        found = ChainBreak(0, f"the ledger is missing, and {anchor} is not: it knows event {anchor.read().sequence}")
        return LedgerBroken(f"the ledger {location} does not hold", [found], hint="bring it back from a backup")
    return NothingThere(f"there is no ledger at {location}", hint="the first apply makes it")


@contextmanager
def _places_locked(ledger: Ledger) -> Iterator[None]:
    # SQLite's switch to write-ahead logging does not wait for other processes as its transactions do.
    paths = (ledger.location.file, ledger.anchor and ledger.anchor.path)
    with ExitStack() as locks:
        for folder in sorted({path.parent for path in paths if path}):
            locks.enter_context(folder_locked(folder))
        yield


def _make_schema(ledger: Ledger, engine: Engine, *, create: bool) -> None:
    place, in_file = str(ledger.location), ledger.location.file is not None
    with engine.connect() as connection:
        missing = table.is_missing(connection, place=place)
    if missing and not create:
        raise _absence(ledger.location, ledger.anchor)
    if missing and in_file:
        keep_log_ahead(engine)
    # A ledger in PostgreSQL may be older than the anchor that this machine begins to keep for it.
    if ledger.anchor and (missing or not in_file):
        ledger.anchor.start()
    if missing:
        with only_writer(engine, wait=ledger.wait) as connection:
            if table.is_missing(connection, place=place):  # another machine may have been faster
                table.create(connection)
