"""The kind `visit`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, Scheduled, not_carried_out

_TOLERANCE = timedelta(days=1)


def visit_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record that is owed of each visit."""
    for visit in contract.visits:
        due = Scheduled(visit.schedule, ZoneInfo(contract.zone), _TOLERANCE)
        yield not_carried_out(
            visit.origin, "visit record", proof=Proof.RECORD, reason="no command records visits yet", due=due
        )
