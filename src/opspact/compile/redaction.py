"""The kind `redaction`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def redaction_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its redactions owe."""
    for redaction in contract.redactions:
        yield not_carried_out(
            redaction.origin, "redaction", proof=Proof.RECORD, reason="this policy does not redact anything yet"
        )
