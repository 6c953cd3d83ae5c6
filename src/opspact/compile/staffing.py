"""The kind `staffing`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.staffing import Staffing
from opspact.obligations.obligation import Obligation, Proof


def staffing_obligations(staffing: Staffing) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; nobody records attendance; `opspact check` proves the numbers as planned."""
    yield Obligation(
        staffing.origin,
        f"staffing/{staffing.name}",
        "staff present",
        Proof.RECORD,
        due=None,
        source=None,
        reason="nobody records attendance; `opspact check` proves the numbers as planned",
    )
