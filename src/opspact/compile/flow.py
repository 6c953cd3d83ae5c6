"""The kind `flow`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.flow import Flow
from opspact.obligations.obligation import Obligation, Proof


def flow_obligations(flow: Flow) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; the desk does not record cases yet."""
    yield Obligation(
        flow.origin,
        f"flow/{flow.name}",
        "service flow",
        Proof.RECORD,
        due=None,
        source=None,
        reason="the desk does not record cases yet",
    )
