"""What a host is asked of devices: they have no agent, so it looks at them with its own inspections.

Comes in: a contract. Goes out: items as the on-host program reads them, by host.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from opspact.model.contract import Contract
from opspact.model.policies.device import Device
from opspact.structs import Struct


class Probe(Struct):
    """A device and the items by which its host looks at it."""

    device: Device
    items: tuple[Mapping[str, object], ...]


def probes_by_host(contract: Contract) -> Mapping[str, Sequence[Probe]]:
    """Given a contract, return the devices that each host is to look at; hosts that look at none are left out."""
    found: dict[str, list[Probe]] = defaultdict(list)
    for device in contract.devices:
        if device.normal and device.probed_from:
            found[device.probed_from].append(Probe(device, tuple(_items(device))))
    return found


def _items(device: Device) -> Iterator[Mapping[str, object]]:
    for sign in device.normal:
        item: dict[str, object] = {"item": sign.kind, "subject": device.subject, "within": sign.within.seconds}
        match sign.kind:
            case "http":
                yield {**item, "url": sign.url, "status": sign.status, "contains": sign.contains}
            case "tcp":
                yield {**item, "address": device.address, "port": sign.port}
            case _:
                yield {**item, "address": device.address}
