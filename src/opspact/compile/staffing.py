"""The kind `staffing`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def staffing_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its staffing policies owe."""
    for staffing in contract.staffings:
        yield not_carried_out(
            staffing.origin,
            "staff present",
            proof=Proof.RECORD,
            reason="attendance is not recorded yet; `opspact check` verifies the planned numbers",
        )
