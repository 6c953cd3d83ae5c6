"""The kind `team`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.team import Team
from opspact.obligations.obligation import Obligation, Proof


def team_obligations(team: Team) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; no staffing report is made yet."""
    yield Obligation(
        team.origin,
        f"team/{team.name}",
        "staff of the team",
        Proof.RECORD,
        due=None,
        source=None,
        reason="no staffing report is made yet",
    )
