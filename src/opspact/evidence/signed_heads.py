"""Heads of a ledger, signed and kept elsewhere, so that who owns the ledger cannot rewrite it unnoticed.

In: a ledger's head, keys, places. Out: lines at places; or the heads found there, and what is wrong with them. Whether
the ledger contains them is the ledger's own word (`ledger.verify`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from opspact.errors import ChainBreak, LedgerBroken, NothingFound, PlaceUnavailable
from opspact.fleet import ssh_signature
from opspact.fleet.head_place import HeadPlace
from opspact.fleet.ssh_signature import InvalidSignature, OwnKey, Signed, Signer
from opspact.ledger.canonical import time_text
from opspact.ledger.chain import RecordedHead
from opspact.ledger.signed_head import HeadStatement, SignedHead
from opspact.ledger.verify import Verified
from opspact.model.names import HEAD_NAMESPACE
from opspact.structs import Struct, replace
from opspact.text.counts import format_count

_CLOCKS_DIFFER = timedelta(hours=1)
_OTHERS = "name a contract that has a ledger of its own by --other-contract"


class KnownHead(Struct):
    """A head that somebody who may sign has signed, and at which line of its place it is."""

    statement: HeadStatement
    signed: Signed
    place: str
    line: int

    @property
    def recorded(self) -> RecordedHead:
        """Return it as a head that the ledger has to contain."""
        day = time_text(self.statement.at)[:10]
        where = f"the head that {self.signed.person} signed on {day} (line {self.line} of {self.place})"
        return RecordedHead(self.statement.head, where, self.statement.contract)


class PlaceHeads(Struct):
    """What was found at a place: heads whose signatures hold, and what is wrong with the others."""

    place: str
    heads: tuple[KnownHead, ...]
    problems: tuple[ChainBreak, ...]


class Kept(Struct):
    """What came of keeping a head at a place. `failure`: why it is not there, or empty; `new`: it was not before."""

    place: str
    failure: str = ""
    new: bool = False


def sign_head(statement: HeadStatement, key: OwnKey | Path) -> SignedHead:
    """Given a statement and a key, return both the statement and its signature. Raise as `ssh_signature.sign` does."""
    return SignedHead(statement, ssh_signature.sign(statement.text.encode(), HEAD_NAMESPACE, key=key))


def keep_head(signed: SignedHead, places: Iterable[HeadPlace]) -> Iterator[Kept]:
    """Given a signed head, append it at each place, unless the same head is there; one place less stops no other."""
    for place in places:
        try:
            new = not any(_is_same(signed.statement, line) for line in place.lines())
            if new:
                place.append(signed.as_line())
            yield Kept(str(place), new=new)
        except PlaceUnavailable as error:
            yield Kept(str(place), str(error))


def _is_same(statement: HeadStatement, line: str) -> bool:
    try:
        other = SignedHead.parse(line).statement
    except ValueError:
        return False
    return (other.contract, other.head) == (statement.contract, statement.head)


def heads_at(place: HeadPlace, signers: tuple[Signer, ...]) -> PlaceHeads:
    """Given a place and who may sign, return its heads. Raise PlaceUnavailable when nobody can say what is there.

    A key has to be valid at the time that its statement names; so that nobody signs for the past, times do not run
    backwards at a place by more than clocks differ.
    """
    heads: list[KnownHead] = []
    problems: list[ChainBreak] = []
    for number, line in enumerate(place.lines(), start=1):
        where = f"line {number} of {place}"
        try:
            found = _known(line, signers, (str(place), number))
        except (ValueError, InvalidSignature) as error:
            problems.append(ChainBreak(0, f"{where} proves nothing: {error}"))
            continue
        if heads and found.statement.at < heads[-1].statement.at - _CLOCKS_DIFFER:
            at = time_text(found.statement.at)
            problems.append(ChainBreak(0, f"{where} was signed for {at}, before the head above it"))
            continue
        heads.append(found)
    return PlaceHeads(str(place), tuple(heads), tuple(problems))


def _known(line: str, signers: tuple[Signer, ...], where: tuple[str, int]) -> KnownHead:
    head = SignedHead.parse(line)
    statement = head.statement
    signed = ssh_signature.verify(
        statement.text.encode(), head.signature, signers, namespace=HEAD_NAMESPACE, at=statement.at
    )
    return KnownHead(statement, signed, *where)


class Proof(Struct):
    """A ledger that holds and contains every head kept elsewhere: `heads` has those of each place, by its name."""

    holds: Verified
    heads: Mapping[str, tuple[KnownHead, ...]]

    @property
    def proved(self) -> int:
        """The number of the newest event that a signed head proves, and so all before it."""
        return max((head.statement.head.sequence for heads in self.heads.values() for head in heads), default=0)


def prove(
    places: Iterable[PlaceHeads],
    verify: Callable[[Iterable[RecordedHead]], Verified],
    *,
    others: Collection[str] = (),
) -> Proof:
    """Given what was found at places, and how the ledger is verified with heads, return what holds.

    `others`: contracts that keep heads at the same places and have ledgers of their own. Raise LedgerBroken, with every
    break, when the ledger does not hold, does not contain a head, is not there though it has heads, or when a line of a
    place proves nothing; NothingFound when a place has no head of this ledger.
    """
    places = tuple(replace(it, heads=tuple(h for h in it.heads if h.statement.contract not in others)) for it in places)
    problems = [problem for place in places for problem in place.problems]
    try:
        holds = verify([head.recorded for place in places for head in place.heads])
    except NothingFound as absent:
        if gone := list(_of_no_ledger(places, ())):
            raise LedgerBroken("there is no ledger, but there are heads of it", gone, hint=_OTHERS) from absent
        raise
    except LedgerBroken as broken:
        raise LedgerBroken(str(broken.args[0]), [*broken.breaks, *problems], hint=broken.hint) from broken
    problems += _of_no_ledger(places, holds.heads)
    if problems:
        many = format_count(len(problems), "signed head")
        raise LedgerBroken(
            f"{many} cannot be relied on", problems, hint=f"ask who keeps the place and who signed; {_OTHERS}"
        )
    own = set(holds.heads)
    heads = {place.place: tuple(head for head in place.heads if head.recorded in own) for place in places}
    for place, of_ledger in heads.items():
        if not of_ledger:
            raise NothingFound(f"{place} has no head of this ledger", hint="add one: `opspact ledger sign --to PLACE`")
    return Proof(holds, heads)


def _of_no_ledger(places: Iterable[PlaceHeads], contained: Collection[RecordedHead]) -> Iterator[ChainBreak]:
    """Yield how many heads each place has of contracts of which the ledger has no event: it may have been replaced."""
    for place in places:
        for name, count in Counter(it.statement.contract for it in place.heads if it.recorded not in contained).items():
            heads = format_count(count, "head")
            yield ChainBreak(0, f"{place.place} has {heads} of contract {name}, of which the ledger has no event")
