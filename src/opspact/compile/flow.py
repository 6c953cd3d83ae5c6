"""The kind `flow`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def flow_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its flows owe."""
    for flow in contract.flows:
        yield not_carried_out(
            flow.origin, "service flow", proof=Proof.RECORD, reason="the desk does not record cases yet"
        )
