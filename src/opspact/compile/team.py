"""The kind `team`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def team_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its teams owe."""
    for team in contract.teams.values():
        yield not_carried_out(
            team.origin, "staff of the team", proof=Proof.RECORD, reason="no staffing report is made yet"
        )
