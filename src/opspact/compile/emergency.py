"""The kind `emergency`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.emergency import Emergency
from opspact.obligations.obligation import Obligation, Proof, State, Within


def emergency_obligations(emergency: Emergency) -> Iterator[Obligation]:
    """Given an emergency, yield the drill of its runbook that is owed; no command records such drills yet."""
    within = emergency.drill_within
    yield Obligation(
        emergency.origin,
        f"emergency/{emergency.name}",
        "drill",
        Proof.DRILL,
        due=Within(within.time, State.LATE) if within else None,
        source=None,
        reason="no command records drills of runbooks yet",
    )
