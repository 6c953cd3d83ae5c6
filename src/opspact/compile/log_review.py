"""The kind `log_review`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.log_review import LogReview
from opspact.obligations.obligation import Obligation, Proof, Scheduled

_TOLERANCE = timedelta(hours=1)


def log_review_obligations(log_review: LogReview, contract: Contract) -> Iterator[Obligation]:
    """Given a log review and its contract, yield the review owed of each host; no host reviews its logs yet."""
    due = Scheduled(log_review.schedule, ZoneInfo(contract.zone), _TOLERANCE)
    for host in log_review.hosts:
        yield Obligation(
            log_review.origin,
            f"host/{host}",
            "log review",
            Proof.RESULT,
            due=due,
            source=None,
            reason="no host runs this job yet",
        )
