"""The kind `sla`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.sla import Sla
from opspact.obligations.obligation import Obligation, Proof


def sla_obligations(sla: Sla) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; the desk does not measure time limits yet."""
    yield Obligation(
        sla.origin,
        f"sla/{sla.name}",
        "kept time limits",
        Proof.CLOCK,
        due=None,
        source=None,
        reason="the desk does not measure time limits yet",
    )
