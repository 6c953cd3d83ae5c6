"""The kind `spare`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, PersonSource, Proof, Scheduled

_TOLERANCE = timedelta(days=1)
_COUNT = "stock count"


def spare_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield of its spare parts that they are counted, and that there are enough of them."""
    zone = ZoneInfo(contract.zone)
    for spare in contract.spares:
        origin = spare.origin
        due = Scheduled(spare.schedule, zone, _TOLERANCE)
        counted = PersonSource(origin.policy, _COUNT, zone, minimum=0)
        yield Obligation(origin, origin.policy, _COUNT, Proof.RECORD, due=due, source=counted)
        enough = PersonSource(origin.policy, _COUNT, zone, minimum=spare.minimum)
        yield Obligation(origin, origin.policy, "minimum stock", Proof.RECORD, due=None, source=enough)
