"""The kind `device`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.compile.inspection import TOLERANCE
from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job, probe_inspections
from opspact.model.policies.device import Device
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled, not_carried_out

_WHAT = "probe"


def device_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the probes that are owed of each device: one with each inspection of its host."""
    zone = ZoneInfo(contract.zone)
    for device in contract.devices:
        inspections = probe_inspections(device, contract)
        for inspection in inspections:
            what = f"{_WHAT} by {inspection.name}"
            source = JobSource(inspection_job(inspection).key, device.probed_from, item=device.subject)
            due = Scheduled(inspection.schedule, zone, TOLERANCE)
            yield Obligation(device.origin, device.subject, what, Proof.RESULT, due=due, source=source)
        if not inspections:
            yield not_carried_out(device.origin, _WHAT, proof=Proof.RESULT, reason=_missing(device))


def _missing(device: Device) -> str:
    """Return why nothing probes a device."""
    if not device.probed_from:
        return "no host is named to probe it"
    return f"no inspection of {device.probed_from}" if device.normal else "it has no checks under normal"
