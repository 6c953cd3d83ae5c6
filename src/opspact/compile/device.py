"""The kind `device`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.device import Device
from opspact.obligations.obligation import Obligation, Proof


def device_obligations(device: Device) -> Iterator[Obligation]:
    """Given a device, yield the look at it that is owed; no host probes devices yet."""
    probed = f"{device.probed_from} does not probe it yet" if device.probed_from else "no host is named to probe it"
    yield Obligation(
        device.origin, f"device/{device.name}", "probe", Proof.RESULT, due=None, source=None, reason=probed
    )
