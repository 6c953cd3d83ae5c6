"""What the escrow of passphrases owes in time: that its holder checks the copy, and records it.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.contract_jobs import repository_users
from opspact.obligations.obligation import Obligation, PersonSource, Proof, Scheduled

_TOLERANCE = timedelta(days=1)
_CHECK = "escrow check"


def escrow_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield of each escrow that somebody checks that the passphrase there opens the repository."""
    zone = ZoneInfo(contract.zone)
    for user in repository_users(contract):
        if user.escrow is not None:
            origin = user.origin
            due = Scheduled(user.escrow.schedule, zone, _TOLERANCE)
            source = PersonSource(origin.policy, _CHECK, zone)
            yield Obligation(origin, origin.policy, _CHECK, Proof.RECORD, due=due, source=source)
