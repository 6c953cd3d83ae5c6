"""The kind `review`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, PersonSource, Proof, Scheduled

_WHAT = "review record"


def review_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record that is owed after each review."""
    zone = ZoneInfo(contract.zone)
    for review in contract.reviews:
        due = Scheduled(review.schedule, zone, review.record_within.time)
        source = PersonSource(review.origin.policy, _WHAT, zone)
        yield Obligation(review.origin, review.origin.policy, _WHAT, Proof.RECORD, due=due, source=source)
