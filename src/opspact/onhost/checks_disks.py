"""Checks of disks' health, as far as they report it: what `smartctl` says of each device.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from opspact.onhost.check import SHOWN, Item, Result, judge, result_of, run
from opspact.onhost.history import History

SCAN = ("smartctl", "--scan-open", "-j")
ASK = ("smartctl", "-i", "-H", "-A", "-j")
STATUSES = range(256)  # smartctl's exit status is a mask of bits
NOT_ASKED = 0b11  # the command line was wrong, or the device could not be opened
BEHIND_CONTROLLER = "please try adding"  # a volume that a controller makes: it names the disks apart
DEFECTS = {5, 197, 198}  # attributes of ATA disks: reallocated, pending and uncorrectable sectors
SLOW_DISK = 60.0  # seconds for one that has to start first


def disk_health(item: Item, _: History) -> Iterator[Result]:
    """Yield how each device is that reports its health, and how many do; unknown, those that cannot be asked."""
    silent: list[str] = []
    count = 0
    for device in json.loads(run(*SCAN, patience=SLOW_DISK, statuses=STATUSES)).get("devices", []):
        name = device_name(device)
        seen = reported_health(device)
        if seen is None:
            silent.append(name)
            continue
        count += 1
        yield from ({**result, "subject": name} for result in device_results(item, name, seen))
    least = item.get("min", 0)
    text = f"{count} {'device reports its' if count == 1 else 'devices report their'} health"
    text = f"{text}, expected {least}." if count < least else f"{text}." if count else "No device reports its health."
    text += f" These report nothing: {', '.join(silent[:SHOWN])}." if silent else ""
    yield result_of("disks", "ok" if count >= least else "critical", text, value=count, unit="devices", min=least)


def device_name(device: Result) -> str:
    """Return a device's name; disks behind a controller share theirs, and differ by their types."""
    return f"{device['name']} {device['type']}" if "," in device["type"] else str(device["name"])


def reported_health(device: Result) -> Result | None:
    """Given a device that was found, return what it says; None if it is one that reports nothing."""
    if "open_error" in device:
        error = str(device["open_error"])
        return None if BEHIND_CONTROLLER in error else {"error": error}
    shown = run(*ASK, "-d", device["type"], device["name"], patience=SLOW_DISK, statuses=STATUSES)
    seen: dict[str, Any] = json.loads(shown)
    messages = [str(message["string"]) for message in seen["smartctl"].get("messages", [])]
    if seen["smartctl"]["exit_status"] & NOT_ASKED:
        return {"error": "; ".join(messages) or "smartctl could not ask it"}
    if "passed" in seen.get("smart_status", {}):
        return seen
    if not seen.get("smart_support", {}).get("available"):
        return None
    return {"error": "; ".join(messages) or "it does not say whether it is healthy"}


def device_results(item: Item, name: str, seen: Result) -> Iterator[Result]:
    """Given what a device says, yield its health, its defects and how far it is worn, as far as it tells."""
    if "error" in seen:
        text = f"The health of {name} is unknown: {' '.join(seen['error'].split())[:300].rstrip('.')}."
        yield result_of("disk_health", "unknown", text)
        return
    worn = list(failed_attributes(seen))
    passed = seen["smart_status"]["passed"]
    verdict = "ok" if passed and not worn else "warning" if passed else "critical"
    text = f"{name} says that it is {'healthy' if passed else 'failing'}."
    text += f" At their limit: {', '.join(worn[:SHOWN])}." if worn else ""
    yield result_of("disk_health", verdict, text, value=passed, expected=True)
    defects = defects_of(seen)
    if defects is not None:
        text = f"{name} has {defects} defects."
        yield judge("disk_defects", text, value=defects, unit="defects", limits=item.get("defects") or {})
    used = seen.get("nvme_smart_health_information_log", {}).get("percentage_used")
    if used is not None:
        text = f"{name} has used {used} % of its life."
        yield judge("disk_wear", text, value=used, unit="%", limits=item.get("wear") or {})


def failed_attributes(seen: Result) -> Iterator[str]:
    """Given what a device says, yield the attributes that have reached the limit of its maker, now or earlier."""
    for attribute in seen.get("ata_smart_attributes", {}).get("table", []):
        if attribute.get("when_failed"):
            yield f"{attribute['name']} ({attribute['when_failed']})"
    log = seen.get("nvme_smart_health_information_log", {})
    if log.get("critical_warning"):
        yield f"critical warning {log['critical_warning']:#04x}"


def defects_of(seen: Result) -> int | None:
    """Given what a device says, return how many defects it has found; None if it does not tell."""
    if "ata_smart_attributes" in seen:
        table = seen["ata_smart_attributes"].get("table", [])
        return sum(int(attribute["raw"]["value"]) for attribute in table if attribute["id"] in DEFECTS)
    log = seen.get("nvme_smart_health_information_log", {})
    found: object = seen.get("scsi_grown_defect_list", log.get("media_errors"))
    return found if isinstance(found, int) else None
