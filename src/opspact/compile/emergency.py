"""The kind `emergency`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, State, Within, not_carried_out

_REASON = "no command records drills of runbooks yet"


def emergency_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the drill that is owed of each emergency's runbook."""
    for emergency in contract.emergencies:
        within = emergency.drill_within
        due = Within(within.time, State.LATE) if within else None
        yield not_carried_out(emergency.origin, "drill", proof=Proof.DRILL, reason=_REASON, due=due)
