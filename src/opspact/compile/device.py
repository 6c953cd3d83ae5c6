"""The kind `device`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def device_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the probe that is owed of each device."""
    for device in contract.devices:
        reason = f"{device.probed_from} does not probe it yet" if device.probed_from else "no host is named to probe it"
        yield not_carried_out(device.origin, "probe", proof=Proof.RESULT, reason=reason)
