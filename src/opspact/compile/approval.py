"""The kind `approval`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.approval import Approval
from opspact.obligations.obligation import Obligation, Proof


def approval_obligations(approval: Approval) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; no approval is asked for or recorded yet."""
    yield Obligation(
        approval.origin,
        f"approval/{approval.name}",
        "approval",
        Proof.RECORD,
        due=None,
        source=None,
        reason="no approval is asked for or recorded yet",
    )
