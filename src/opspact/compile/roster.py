"""The kind `roster`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.roster import Roster
from opspact.obligations.obligation import Obligation, Proof


def roster_obligations(roster: Roster) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; nobody records who answered; `opspact check` proves the roster as planned."""
    yield Obligation(
        roster.origin,
        f"roster/{roster.name}",
        "covered hours",
        Proof.CLOCK,
        due=None,
        source=None,
        reason="nobody records who answered; `opspact check` proves the roster as planned",
    )
