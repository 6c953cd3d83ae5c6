"""The kind `log_review`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, Scheduled

_TOLERANCE = timedelta(hours=1)


def log_review_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the log review that is owed of each host."""
    for review in contract.log_reviews:
        due = Scheduled(review.schedule, ZoneInfo(contract.zone), _TOLERANCE)
        for host in review.hosts:
            yield Obligation(
                review.origin,
                f"host/{host}",
                "log review",
                Proof.RESULT,
                due=due,
                source=None,
                reason="no host runs this job yet",
            )
