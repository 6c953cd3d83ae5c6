"""The kind `ladder`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.ladder import Ladder
from opspact.obligations.obligation import Obligation, Proof


def ladder_obligations(ladder: Ladder) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; the desk does not escalate yet."""
    yield Obligation(
        ladder.origin,
        f"ladder/{ladder.name}",
        "escalation",
        Proof.CLOCK,
        due=None,
        source=None,
        reason="the desk does not escalate yet",
    )
