"""The ledger as text: one canonical JSON object a line, out and in again.

In: an open ledger, or lines. Out: lines, or a ledger with exactly those events. Moving from SQLite to PostgreSQL is an
export and an import.
"""

from collections.abc import Callable, Iterable, Iterator

from opspact.errors import ChainBreak, LedgerBroken, Refused
from opspact.ledger.chain import Chain, RecordedHead
from opspact.ledger.event import EMPTY, Head, SealedEvent, event_from_line
from opspact.ledger.store import Ledger
from opspact.ledger.verify import Verified

_HINT = "use another export or backup"


def export(ledger: Ledger) -> Iterator[str]:
    """Given a ledger, return its events as lines of canonical JSON, each with its end, in order, as they are read.

    Raise LedgerBroken at the first event that does not give its own hash.
    """
    return (f"{event.as_line()}\n" for event in ledger.sealed())


def import_lines(lines: Iterable[str], ledger: Ledger, *, heads: Iterable[RecordedHead] = ()) -> Verified:
    """Given exported lines, from the first event on, and an empty ledger, record exactly these events, or none.

    Raise LedgerBroken when a line is not what `export` writes, when the chain does not hold, or when it does not hold
    the heads noted elsewhere; Refused when the ledger has events already.
    """
    chain = Chain(tuple(heads))

    def checked(head: Head) -> Iterator[SealedEvent]:
        if head != EMPTY:
            raise Refused(
                f"the ledger {ledger.location} already has {head.sequence} events", hint="import into a new ledger"
            )
        yield from _checked_all(lines, chain)

    ledger.copy_all(checked)
    return Verified.of(chain)


def verify_lines(
    lines: Iterable[str],
    *,
    heads: Iterable[RecordedHead] = (),
    seen: Callable[[SealedEvent], None] = lambda _event: None,
) -> Verified:
    """Given exported lines and heads noted elsewhere, return what holds, without a ledger; `seen` gets each event.

    Raise LedgerBroken as `import_lines` does.
    """
    chain = Chain(tuple(heads))
    for event in _checked_all(lines, chain):
        seen(event)
    return Verified.of(chain)


def _checked_all(lines: Iterable[str], chain: Chain) -> Iterator[SealedEvent]:
    for number, line in _numbered(lines):
        yield _checked(line, number, chain=chain)
    if breaks := chain.breaks():
        raise _broken(breaks)


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            yield number, line
    except UnicodeDecodeError as error:
        raise _broken([ChainBreak(number + 1, f"line {number + 1} or one after it is not UTF-8")]) from error


def _checked(line: str, number: int, *, chain: Chain) -> SealedEvent:
    try:
        event = event_from_line(line)
    except ValueError as error:
        raise _broken([ChainBreak(number, f"line {number} was changed: {error}")]) from error
    chain.add(event.as_row())
    if not chain.is_intact:
        raise _broken(chain.row_breaks())
    return event


def _broken(breaks: Iterable[ChainBreak]) -> LedgerBroken:
    return LedgerBroken("the export is incomplete or damaged", breaks, hint=_HINT)
