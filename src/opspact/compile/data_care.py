"""The kind `data_care`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.data_care import DataCare
from opspact.obligations.obligation import Obligation, Proof, Scheduled


def data_care_obligations(data_care: DataCare, contract: Contract) -> Iterator[Obligation]:
    """Given a policy and its contract, yield what it owes; no host runs this job yet."""
    yield Obligation(
        data_care.origin,
        f"database/{data_care.database}/{data_care.table}",
        "archive and purge",
        Proof.RESULT,
        due=Scheduled(data_care.schedule, ZoneInfo(contract.zone), timedelta(hours=1)),
        source=None,
        reason="no host runs this job yet",
    )
