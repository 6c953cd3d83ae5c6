"""The kind `review`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, Scheduled, not_carried_out


def review_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record that is owed after each review."""
    for review in contract.reviews:
        due = Scheduled(review.schedule, ZoneInfo(contract.zone), review.record_within.time)
        yield not_carried_out(
            review.origin, "review record", proof=Proof.RECORD, reason="no command records reviews yet", due=due
        )
