"""The ledger itself: open it, record events, read them, typed.

In: events and their context. Out: the same events, sealed, in order. SQLAlchemy is slow to import: import this module
only where a ledger is opened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from sqlalchemy import Connection, Engine, Select

from opspact.errors import ChainBreak, LedgerBroken, LedgerBusy, LedgerUnavailable, NothingFound, OpspactError
from opspact.ledger import query, table, writer
from opspact.ledger.anchor import Anchor, folder_locked
from opspact.ledger.chain import ALTERED, Chain, RecordedHead, chain_of
from opspact.ledger.context import Context
from opspact.ledger.engine import (
    FileState,
    Location,
    anchor_of,
    check_access,
    connect,
    enable_wal,
    file_at_rest,
    file_state,
    locate,
    make_file,
    make_folder,
    only_writer,
)
from opspact.ledger.event import EMPTY, Head, SealedEvent, event_from_row
from opspact.ledger.events import (
    AnyEvent,
    E,
    Fence,
    Recorded,
    Recording,
    entry_of,
    recorded_as,
    typed,
    typed_any,
)
from opspact.ledger.faults import read_only, translate_errors
from opspact.ledger.query import Choice
from opspact.ledger.redaction import masked
from opspact.structs import Struct

_HINT = "nothing was recorded; run `opspact ledger verify`, keep the file as evidence, and continue with a new ledger"
_HINT_READING = "run `opspact ledger verify`; keep the ledger files as evidence, and restore them from a backup"

T = TypeVar("T")


class Ledger(Struct):
    """An open ledger: a context manager, safe for several threads and beside other processes, not across a fork.

    Every method raises LedgerUnavailable when the database cannot be used now, and LedgerBusy when somebody else kept
    it locked for longer than `wait` seconds. Reading raises LedgerBroken at the first event that does not give its own
    hash, and LedgerInvalid at the first one that a newer opspact wrote.
    """

    location: Location
    anchor: Anchor | None
    wait: float
    _engine: Engine
    _at_rest: FileState | None = None
    """How an SQLite file was that is read as one that nobody writes."""

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

    def record(self, event: E, *, context: Context, fence: Fence | None = None) -> Recorded[E]:
        """Given what happened, record it after everything recorded before; return it, safe on the disk.

        Raise as `record_all` does.
        """
        return self.record_all([event], context=context, fence=fence).recorded[0]

    def record_all(
        self,
        events: Iterable[E],
        *,
        context: Context,
        skip_recorded: bool = False,
        fence: Fence | None = None,
    ) -> Recording[E]:
        """Given what happened, in order, record all of it or nothing; return it, safe on the disk.

        What is secret in its free text is masked, in what is returned too. `skip_recorded`: leave out, and count, what
        has a key that was recorded before. `fence`: what this run holds. Raise, recording nothing, AlreadyRecorded for
        such a key otherwise, LeaseLost when another run took what this one held, Refused for what cannot be recorded
        faithfully, LedgerBroken when the ledger's end does not fit its anchor. When only the anchor could not be
        written the events are recorded all the same, and LedgerUnavailable says so.
        """
        given = [masked(event, context.redactor) for event in events]
        entries = [entry_of(event, context) for event in given]
        if not entries:
            return Recording(())
        with self._writing() as (connection, head):
            if fence is not None:
                writer.check_fence(connection, context.contract, fence)
            found = writer.repeated(connection, entries)
            if not skip_recorded:
                writer.refuse_repeated(entries, found)
            new = [place for place in range(len(entries)) if place not in found]
            sealed = list(writer.sealed_after(head, (entries[place] for place in new)))
            writer.insert_all(connection, sealed)
        self._advance(sealed[-1] if sealed else None)
        pairs = zip(new, sealed, strict=True)
        return Recording(tuple(recorded_as(given[place], event) for place, event in pairs), len(found))

    def copy_all(self, make: Callable[[Head], Iterable[SealedEvent]]) -> SealedEvent | None:
        """Given how to make sealed events from the head they follow, record all or none of them; return the last.

        They must make one chain: the database refuses them otherwise. Raise LedgerBroken when one repeats a key.
        """
        with self._writing() as (connection, head):
            last = writer.insert_all(connection, self._unrepeated(connection, make(head)))
        self._advance(last)
        return last

    def _unrepeated(self, connection: Connection, events: Iterable[SealedEvent]) -> Iterator[SealedEvent]:
        for batch in writer.in_batches(events):
            breaks = [
                ChainBreak(batch[place].sequence, f"event {batch[place].sequence} repeats the key of an earlier one")
                for place in writer.repeated(connection, batch)
            ]
            if breaks:
                raise LedgerBroken("the events do not form a ledger", breaks, hint=_HINT)
            yield from batch

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Head]]:
        with (
            translate_errors(str(self.location), anchor=self.anchor),
            only_writer(self._engine, wait=self.wait) as connection,
        ):
            yield connection, self._sound_end(connection)

    def _sound_end(self, connection: Connection) -> Head:
        # What lies between the anchor and the end: the newest event, and what a crash kept from the anchor.
        recorded = self.anchor.read() if self.anchor else _newest(connection)
        return self._chain_from(connection, recorded, hint=_HINT).head

    def check_end(self) -> None:
        """Compare the end with the anchor, whatever the number of events; without an anchor there is nothing to do.

        Raise LedgerBroken when the newest event that the anchor knows is missing or is another one, or when the anchor
        is missing or was changed. What lies before is left to `verify`.
        """
        if not self.anchor:
            return
        with self._reading() as connection:
            # Before the rows: other processes go on appending, and the anchor must not be newer than what we read.
            recorded = self.anchor.read()
            self._chain_from(connection, recorded, limit=1, hint=_HINT_READING)

    def _chain_from(self, connection: Connection, recorded: Head, *, hint: str, limit: int | None = None) -> Chain:
        """Return the walked chain from a recorded head on, of `limit` events at most. Raise LedgerBroken at a break."""
        end = query.ordered(limit=limit).where(table.events.c.sequence >= recorded.sequence)
        rows = [dict(row) for row in connection.execute(end).mappings()]
        chain = Chain(
            (RecordedHead(recorded, str(self.anchor or "the ledger")),), head=_before(connection, recorded, rows)
        )
        for row in rows:
            chain.add(row)
        if breaks := chain.breaks():
            raise LedgerBroken(f"the ledger {self.location} is damaged at its end", breaks, hint=hint)
        return chain

    def _advance(self, last: SealedEvent | None) -> None:
        """Move the anchor, if there is one, to the last event that was committed."""
        if not (self.anchor and last):
            return
        try:
            self.anchor.advance(last.head, wait=self.wait)
        except OSError as error:
            raise LedgerUnavailable(
                f"event {last.sequence} is recorded in {self.location}, but {self.anchor} is not: {error.strerror}",
                hint="do not record it again; the next event fixes the anchor",
            ) from error

    def head(self) -> Head:
        """Return the newest event's sequence number and hash; EMPTY when there is none."""
        with self._reading() as connection:
            return _newest(connection)

    def read(self, kind: type[E], **choice: Unpack[Choice]) -> Iterator[Recorded[E]]:
        """Given a type of event and which of them, yield those events; reads as it goes, a few hundred at a time.

        Raise Refused for a `since` without zone.
        """
        return self._stream(query.chosen(kind.kind, choice), lambda row: typed(self._sound(row), kind))

    def read_any(
        self, *, kind: str = "", contract: str = "", newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Recorded[AnyEvent]]:
        """Yield the events of all types, or of a kind by its name, of all contracts or of one."""
        asked = query.of_any(kind, contract, newest_first=newest_first, limit=limit)
        return self._stream(asked, lambda row: typed_any(self._sound(row)))

    def newest_by_subject(self, kind: type[E], *, contract: str, prefix: str = "") -> dict[str, Recorded[E]]:
        """Given a type of event, return the newest one of each subject that begins with a prefix, by subject.

        It costs by the number of subjects, not by that of events.
        """
        return self._outermost(kind, contract, prefix, newest=True)

    def oldest_by_subject(self, kind: type[E], *, contract: str, prefix: str = "") -> dict[str, Recorded[E]]:
        """Given a type of event, return the oldest one of each subject that begins with a prefix, by subject."""
        return self._outermost(kind, contract, prefix, newest=False)

    def newest_of(self, kind: type[E], subjects: Iterable[str], *, contract: str) -> dict[str, Recorded[E]]:
        """Given a type of event and subjects, return the newest one of each, by subject; none where there is none."""
        rows: list[Mapping[str, Any]] = []
        with self._reading() as connection:
            for batch in writer.in_batches(dict.fromkeys(subjects)):
                rows += writer.newest_rows(connection, kind.kind, contract, walk=query.named(batch))
        return self._by_subject(kind, rows)

    def _outermost(self, kind: type[E], contract: str, prefix: str, *, newest: bool) -> dict[str, Recorded[E]]:
        walk = query.subjects(kind.kind, contract, prefix)
        with self._reading() as connection:
            asked = query.sequences(kind.kind, contract, walk, newest=newest)
            return self._by_subject(kind, writer.outermost_rows(connection, asked))

    def _by_subject(self, kind: type[E], rows: Iterable[Mapping[str, Any]]) -> dict[str, Recorded[E]]:
        found = (typed(self._sound(row), kind) for row in rows)
        return {each.event.subject: each for each in found}

    def sealed(
        self, *, kind: str = "", contract: str = "", newest_first: bool = False, limit: int | None = None
    ) -> Iterator[SealedEvent]:
        """Yield events as they are sealed, of whatever type or version: for exports. Chosen as by `read_any`."""
        return self._stream(query.of_any(kind, contract, newest_first=newest_first, limit=limit), self._sound)

    def sealed_at(self, sequence: int) -> SealedEvent | None:
        """Return the event of a sequence number, of whatever type or contract; None: there is none."""
        asked = query.ordered(limit=1).where(table.events.c.sequence == sequence)
        return next(self._stream(asked, self._sound), None)

    def _sound(self, row: Mapping[str, Any]) -> SealedEvent:
        try:
            event = event_from_row(row)
        except ValueError as error:
            raise self._changed(row, str(error)) from error
        if event.computed_hash() != event.hash:
            raise self._changed(row, ALTERED)
        return event

    def _changed(self, row: Mapping[str, Any], why: str) -> LedgerBroken:
        found = ChainBreak(row["sequence"], f"event {row['sequence']} was changed: {why}")
        return LedgerBroken(f"the ledger {self.location} is damaged", [found], hint=_HINT)

    def walk(self, *, recorded: Iterable[RecordedHead] = ()) -> Chain:
        """Given heads noted elsewhere, read every row and return the walked chain, whatever is wrong with it."""
        return chain_of(self._stream(query.ordered(), dict), recorded=recorded)

    def walk_between(self, first: int, last: int) -> Chain:
        """Given the sequence numbers of two events, return the walked chain from the one to the other, both in it."""
        place, chain = table.events.c.sequence, Chain()
        for row in self._stream(query.ordered().where(place >= first, place <= last), dict):
            if not chain.count:
                chain.head = Head(first - 1, str(row["previous"]))
            chain.add(row)
        return chain

    def inspect_guards(self) -> list[ChainBreak]:
        """Return what is wrong beside the rows: a trigger or an index removed or damaged, a key that was repeated."""
        with self._reading() as connection:
            return table.inspect_guards(connection)

    def _stream(self, asked: Select[Any], of_row: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
        # What is made of a row is made in here: an error there, too, closes the cursor at once.
        with self._reading() as connection:
            options = connection.execution_options(yield_per=writer.ROWS_AT_ONCE)
            with closing(options.execute(asked)) as rows:
                yield from (of_row(dict(row)) for row in rows.mappings())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translate_errors(str(self.location), anchor=self.anchor), self._engine.connect() as connection:
            yield connection
            self._check_rest()

    def _check_rest(self) -> None:
        file = self.location.file
        if file and self._at_rest and file_state(file) != self._at_rest:
            raise LedgerBusy(f"the ledger {file} was written while it was read", hint="try again")


def _before(connection: Connection, recorded: Head, rows: list[dict[str, Any]]) -> Head:
    """Return the head before the rows from a recorded head on; without any, that of the whole ledger."""
    if not rows:
        return _newest(connection)
    return Head(recorded.sequence - 1, str(rows[0]["previous"])) if recorded.sequence else EMPTY


def _newest(connection: Connection) -> Head:
    row = connection.execute(query.ordered(newest_first=True, limit=1)).mappings().first()
    return Head(row["sequence"], row["hash"]) if row else EMPTY


def open_ledger(target: str | Path, *, create: bool = True, anchor: Path | None = None, wait: float = 30.0) -> Ledger:
    """Given a path (SQLite) or `postgresql://…`, return the ledger there; make it where there is none yet.

    Without `create` an SQLite file in a folder that is read-only can be read. `anchor` is the file that keeps the head:
    by default beside an SQLite file, ending in `.head`; none for PostgreSQL. `wait`: seconds to wait for other writers.
    Raise Refused for a target that cannot be a ledger, LedgerInvalid for one that is something else or newer than this
    program, LedgerUnavailable when it cannot be used now; without `create`, LedgerUnreadable then, NothingFound when
    there is none, and LedgerBroken when only its anchor is left.
    """
    if create:
        return _opened(target, create=True, anchor=anchor, wait=wait)
    with read_only():
        return _opened(target, create=False, anchor=anchor, wait=wait)


def _opened(target: str | Path, *, create: bool, anchor: Path | None, wait: float) -> Ledger:
    location = locate(target)
    kept = anchor_of(location, anchor)
    with translate_errors(str(location), anchor=kept), ExitStack() as undo:
        if create:
            _make_places(location, kept)
        elif location.file and not location.file.exists():
            raise _absence(location, kept)
        if location.file:
            check_access(location.file)
        at_rest = file_at_rest(location.file) if location.file and not create else None
        engine = connect(location, wait=wait, immutable=at_rest is not None)
        undo.callback(engine.dispose)
        ledger = Ledger(location, kept, wait, engine, at_rest)
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
        found = ChainBreak(0, f"the ledger file is missing, but {anchor} refers to event {anchor.read().sequence}")
        return LedgerBroken(f"the ledger {location} is damaged", [found], hint="restore it from a backup")
    return NothingFound(f"there is no ledger at {location}", hint="the first apply creates it")


@contextmanager
def _places_locked(ledger: Ledger) -> Iterator[None]:
    # SQLite's switch to write-ahead logging does not wait for other processes as its transactions do.
    paths = (ledger.location.file, ledger.anchor and ledger.anchor.path)
    with ExitStack() as locks:
        for folder in sorted({path.parent for path in paths if path}):
            locks.enter_context(folder_locked(folder, wait=ledger.wait))
        yield


def _make_schema(ledger: Ledger, engine: Engine, *, create: bool) -> None:
    place, in_file = str(ledger.location), ledger.location.file is not None
    with engine.connect() as connection:
        missing = table.is_missing(connection, place=place)
    if missing and not create:
        raise _absence(ledger.location, ledger.anchor)
    if missing and in_file:
        enable_wal(engine)
    # A ledger in PostgreSQL may be older than the anchor that this machine begins to keep for it.
    if ledger.anchor and (missing or not in_file):
        ledger.anchor.start()
    if missing:
        with only_writer(engine, wait=ledger.wait) as connection:
            if table.is_missing(connection, place=place):  # another machine may have been faster
                table.create(connection)
