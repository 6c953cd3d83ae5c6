"""The kind `quality`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.quality import Quality
from opspact.obligations.obligation import Obligation, Proof


def quality_obligations(quality: Quality) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; no indicator is measured yet."""
    yield Obligation(
        quality.origin,
        f"quality/{quality.name}",
        "measured indicator",
        Proof.RECORD,
        due=None,
        source=None,
        reason="no indicator is measured yet",
    )
