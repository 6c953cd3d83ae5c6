"""The kind `roster`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def roster_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its rosters owe."""
    for roster in contract.rosters.values():
        yield not_carried_out(
            roster.origin,
            "covered hours",
            proof=Proof.CLOCK,
            reason="answered calls are not recorded yet; `opspact check` verifies the planned roster",
        )
