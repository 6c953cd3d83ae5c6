"""The kind `emergency`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import DrillSource, Obligation, Proof, State, Within, not_carried_out

_REASON = "it has no rehearsal: nothing says how its fault is made"


def emergency_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the drill that is owed of each emergency."""
    for emergency in contract.emergencies:
        origin, within = emergency.origin, emergency.drill_within
        due = Within(within.time, State.LATE, str(within)) if within else None
        if emergency.rehearsal is None:
            yield not_carried_out(origin, "drill", proof=Proof.DRILL, reason=_REASON, due=due)
        else:
            yield Obligation(origin, origin.policy, "drill", Proof.DRILL, due=due, source=DrillSource(origin.policy))
