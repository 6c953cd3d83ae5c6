"""The kind `channels`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def channels_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its channels owe."""
    for channels in contract.channels.values():
        yield not_carried_out(
            channels.origin, "answered channels", proof=Proof.CLOCK, reason="the desk does not answer channels yet"
        )
