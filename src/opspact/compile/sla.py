"""The kind `sla`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def sla_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its service levels owe."""
    for sla in contract.slas.values():
        yield not_carried_out(
            sla.origin, "kept time limits", proof=Proof.CLOCK, reason="the desk does not measure time limits yet"
        )
