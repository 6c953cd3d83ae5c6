"""The kind `quality`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def quality_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its quality indicators owe."""
    for quality in contract.qualities:
        yield not_carried_out(
            quality.origin, "measured indicator", proof=Proof.RECORD, reason="no indicator is measured yet"
        )
