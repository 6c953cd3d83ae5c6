"""The kind `visit`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.visit import Visit
from opspact.obligations.obligation import Obligation, Proof, Scheduled


def visit_obligations(visit: Visit, contract: Contract) -> Iterator[Obligation]:
    """Given a policy and its contract, yield what it owes; no command records visits yet."""
    yield Obligation(
        visit.origin,
        f"visit/{visit.name}",
        "visit record",
        Proof.RECORD,
        due=Scheduled(visit.schedule, ZoneInfo(contract.zone), timedelta(days=1)),
        source=None,
        reason="no command records visits yet",
    )
