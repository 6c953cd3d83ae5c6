"""The kind `data_care`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, Scheduled

_TOLERANCE = timedelta(hours=1)


def data_care_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the archiving and purging that is owed of each table."""
    for care in contract.data_care:
        yield Obligation(
            care.origin,
            f"database/{care.database}/{care.table}",
            "archive and purge",
            Proof.RESULT,
            due=Scheduled(care.schedule, ZoneInfo(contract.zone), _TOLERANCE),
            source=None,
            reason="no host runs this job yet",
        )
