"""The kind `approval`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def approval_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its approvals owe."""
    for approval in contract.approvals:
        yield not_carried_out(
            approval.origin, "approval", proof=Proof.RECORD, reason="approvals are not requested or recorded yet"
        )
