"""Is the record whole? Every row against its hash, its neighbour, the anchor and heads noted elsewhere.

In: an open ledger. Out: how many events hold and which times run backwards, or everything that is wrong.
"""

from collections.abc import Iterable
from typing import Self

from opspact.errors import ChainBreak, LedgerBroken
from opspact.ledger.chain import Chain, RecordedHead, TimeReversal
from opspact.ledger.event import Head
from opspact.ledger.store import Ledger
from opspact.structs import Struct

_HINT = "keep the ledger files as evidence; compare with the newest export or backup, and with heads recorded elsewhere"


class Verified(Struct):
    """How many events were checked (0: an empty ledger, nothing was proved), and the head to note elsewhere.

    `reversals`: events whose time lies before that of the one before them; the chain holds all the same. `heads`: those
    noted elsewhere that it contains; heads of other contracts' ledgers were not compared.
    """

    count: int
    head: Head
    reversals: tuple[TimeReversal, ...] = ()
    heads: tuple[RecordedHead, ...] = ()

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """Given a walked chain without breaks, return what holds."""
        heads = tuple(each for each in chain.own_heads() if each.contract)
        return cls(chain.count, chain.head, tuple(chain.reversals), heads)


def verify(ledger: Ledger, *, heads: Iterable[RecordedHead] = ()) -> Verified:
    """Given a ledger and heads noted elsewhere, return what holds: later events are fine, other ones are not.

    Raise LedgerBroken with every break: changed, removed, inserted and swapped events, a rewritten or truncated end, a
    changed anchor, triggers and indexes removed.
    """
    breaks: list[ChainBreak] = []
    recorded = list(heads)
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
    return Verified.of(chain)
