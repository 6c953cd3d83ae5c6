"""The kind `redaction`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.redaction import Redaction
from opspact.obligations.obligation import Obligation, Proof


def redaction_obligations(redaction: Redaction) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; nothing is redacted by this policy yet."""
    yield Obligation(
        redaction.origin,
        f"redaction/{redaction.name}",
        "redaction",
        Proof.RECORD,
        due=None,
        source=None,
        reason="nothing is redacted by this policy yet",
    )
