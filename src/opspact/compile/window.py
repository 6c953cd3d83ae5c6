"""The kind `window`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def window_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its windows owe."""
    for window in contract.windows:
        yield not_carried_out(
            window.origin, "respected window", proof=Proof.CLOCK, reason="apply does not keep windows yet"
        )
