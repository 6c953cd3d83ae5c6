"""The kind `review`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.review import Review
from opspact.obligations.obligation import Obligation, Proof, Scheduled


def review_obligations(review: Review, contract: Contract) -> Iterator[Obligation]:
    """Given a policy and its contract, yield what it owes; no command records reviews yet."""
    yield Obligation(
        review.origin,
        f"review/{review.name}",
        "review record",
        Proof.RECORD,
        due=Scheduled(review.schedule, ZoneInfo(contract.zone), review.record_within.time),
        source=None,
        reason="no command records reviews yet",
    )
