"""Is the record whole? Every row against its hash, its neighbour, the anchor and heads noted elsewhere.

In: an open ledger. Out: how many events hold and which times run backwards, or everything that is wrong.
"""

from opspact.errors import ChainBreak, LedgerBroken
from opspact.ledger.chain import RecordedHead, TimeReversal
from opspact.ledger.event import Head
from opspact.ledger.store import Ledger
from opspact.structs import Struct

_HINT = "keep the ledger files as evidence; compare with the newest export or backup, and with heads recorded elsewhere"


class Verified(Struct):
    """How many events were checked (0: an empty ledger, nothing was proved), and the head to note elsewhere.

    `reversals`: events whose time lies before that of the one before them; the chain holds all the same.
    """

    count: int
    head: Head
    reversals: tuple[TimeReversal, ...] = ()


def verify(ledger: Ledger, *, expected_head: Head | None = None) -> Verified:
    """Given a ledger and, if any, a head noted elsewhere, return what holds: later events are fine, other ones are not.

    Raise LedgerBroken with every break: changed, removed, inserted and swapped events, a rewritten or truncated end, a
    changed anchor, triggers and indexes removed.
    """
    breaks: list[ChainBreak] = []
    recorded = []
    if expected_head is not None:
        recorded.append(RecordedHead(expected_head, "the expected head"))
    if ledger.anchor:
        try:
            # Before the rows: other processes go on appending, and the anchor must not be newer than what we read.
            recorded.append(RecordedHead(ledger.anchor.read(), str(ledger.anchor)))
        except LedgerBroken as error:
            breaks.append(ChainBreak(0, str(error)))
    chain = ledger.walk(recorded=recorded)
    breaks += [*ledger.inspect_guards(), *chain.breaks()]
    if breaks:
        raise LedgerBroken(f"the ledger {ledger.location} is damaged: {len(breaks)} found", breaks, hint=_HINT)
    return Verified(chain.count, chain.head, tuple(chain.reversals))
