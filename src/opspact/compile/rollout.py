"""The kind `rollout`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def rollout_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its rollouts owe."""
    for rollout in contract.rollouts:
        yield not_carried_out(
            rollout.origin,
            "changes in waves",
            proof=Proof.RECORD,
            reason="opspact apply follows waves; no evidence of it is judged yet",
        )
