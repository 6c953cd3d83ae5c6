"""Signed heads of the ledger: where one was kept, what those at a place prove.

Comes in: heads, proofs. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator

from opspact.evidence.signed_heads import Kept, Proof
from opspact.ledger.canonical import time_text
from opspact.ledger.event import Head
from opspact.report.document import document
from opspact.report.ledger import verified_data, verified_lines
from opspact.report.lines import Line, line
from opspact.text.counts import format_count
from opspact.text.names import list_names


def kept_lines(head: Head, kept: Iterable[Kept]) -> Iterator[Line]:
    """Given a head and what came of keeping it, yield a line for each place."""
    for each in kept:
        if each.failure:
            yield line(("failed", "bad"), f": {each.failure}")
        else:
            yield line(("signed" if each.new else "already signed", "good"), f": {each.place}")
    yield line(f"head {head}")


def not_kept_lines(kept: Iterable[Kept]) -> Iterator[Line]:
    """Given what came of keeping a head, yield a line for each place where it is not."""
    for each in kept:
        if each.failure:
            yield line(("the head of the ledger is not kept", "doubt"), f": {each.failure}")


def kept_json(head: Head, kept: Iterable[Kept]) -> str:
    """Given a head and what came of keeping it, return one JSON object."""
    places = [{"place": each.place, "new": each.new, "failure": each.failure} for each in kept]
    return document("ledger-sign", {"head": str(head), "places": places})


def proof_lines(proof: Proof) -> Iterator[Line]:
    """Given what holds, yield its lines, and what each place proves."""
    yield from verified_lines("ledger intact", proof.holds)
    for place, heads in proof.heads.items():
        people = list_names(sorted({head.signed.person for head in heads}))
        yield line(("heads match", "good"), f": {format_count(len(heads), 'head')} of {place}, signed by {people}")
    if proof.heads:
        later = proof.holds.head.sequence - proof.proved
        since = f"; {format_count(later, 'later event')} not yet" if later else ""
        yield line(f"proved by signed heads: events 1 to {proof.proved}{since}")


def proof_json(proof: Proof) -> str:
    """Given what holds, return one JSON object."""
    heads = [
        {
            "place": head.place,
            "line": head.line,
            "head": str(head.statement.head),
            "at": time_text(head.statement.at),
            "signer": head.signed.person,
            "key": head.signed.fingerprint,
        }
        for of_place in proof.heads.values()
        for head in of_place
    ]
    return document("ledger-verify", verified_data(proof.holds) | {"proved": proof.proved, "signed_heads": heads})
