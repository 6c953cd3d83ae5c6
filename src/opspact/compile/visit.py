"""The kind `visit`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, PersonSource, Proof, Scheduled

_TOLERANCE = timedelta(days=1)
_WHAT = "visit record"


def visit_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record that is owed of each visit."""
    zone = ZoneInfo(contract.zone)
    for visit in contract.visits:
        due, source = Scheduled(visit.schedule, zone, _TOLERANCE), PersonSource(visit.origin.policy, _WHAT, zone)
        yield Obligation(visit.origin, visit.origin.policy, _WHAT, Proof.RECORD, due=due, source=source)
