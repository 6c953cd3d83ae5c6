"""What a host is asked of devices: they have no agent, so it looks at them with its own inspections.

Comes in: a contract. Goes out: items as the on-host program reads them, by host, and the steps that these need.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.policies.device import Device, SnmpAccess, SnmpSign
from opspact.steps.base import Step
from opspact.steps.directory import Directory
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile
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


def probe_steps(probe: Probe) -> Iterator[Step]:
    """Given a probe, yield what its host needs for it: to ask by SNMP, a program and the secrets of the device."""
    device, origins = probe.device, (probe.device.origin,)
    if device.snmp is None or not _values(device):
        return
    folder = names.snmp_folder(device.name)
    yield Package(name="snmp", origins=origins)
    for path in (names.SETTINGS_FOLDER, names.SNMP_FOLDER, folder):
        yield Directory(path=path, origins=origins)
    for name, secret in device.snmp.secrets.items():
        yield SecretFile(path=f"{folder}/{name}", secret=secret, origins=origins)


def _items(device: Device) -> Iterator[Mapping[str, object]]:
    """Yield what is looked at, each by an item of its own, and all values that SNMP gives by one."""
    for sign in device.normal:
        if isinstance(sign, SnmpSign):
            continue
        item: dict[str, object] = {"item": sign.kind, "subject": device.subject, "within": sign.within.seconds}
        match sign.kind:
            case "http":
                yield {**item, "url": sign.url, "status": sign.status, "contains": sign.contains}
            case "tcp":
                yield {**item, "address": device.address, "port": sign.port}
            case _:
                yield {**item, "address": device.address}
    if device.snmp is not None and (values := _values(device)):
        item = {"item": "snmp", "subject": device.subject, "address": device.address}
        yield {**item, **_access(device, device.snmp), "values": values}


def _values(device: Device) -> list[dict[str, object]]:
    return [
        {"name": sign.name, "oid": sign.oid, "type": sign.type, "unit": sign.unit, **sign.expected}
        for sign in device.normal
        if isinstance(sign, SnmpSign)
    ]


def _access(device: Device, access: SnmpAccess) -> dict[str, object]:
    """Return how a device is asked, with the files of its secrets."""
    folder = names.snmp_folder(device.name)
    settings: dict[str, object] = {"port": access.port, "within": access.within.seconds}
    if access.user:
        settings |= {"user": access.user, "auth_protocol": access.auth_protocol}
    if "privacy" in access.secrets:
        settings["privacy_protocol"] = access.privacy_protocol
    return settings | {"secrets": {name: f"{folder}/{name}" for name in access.secrets}}
