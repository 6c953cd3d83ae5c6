"""The kind `ladder`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def ladder_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its escalation ladders owe."""
    for ladder in contract.ladders.values():
        yield not_carried_out(ladder.origin, "escalation", proof=Proof.CLOCK, reason="the desk does not escalate yet")
