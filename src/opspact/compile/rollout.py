"""The kind `rollout`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.rollout import Rollout
from opspact.obligations.obligation import Obligation, Proof


def rollout_obligations(rollout: Rollout) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; apply does not follow waves yet."""
    yield Obligation(
        rollout.origin,
        f"rollout/{rollout.name}",
        "changes in waves",
        Proof.RECORD,
        due=None,
        source=None,
        reason="apply does not follow waves yet",
    )
