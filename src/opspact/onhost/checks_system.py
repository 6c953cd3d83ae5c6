"""Checks of the system itself: disks, memory, load.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.check import WORST_LAST, CannotCheck, Item, Result, judge
from opspact.onhost.history import History, hours_until_full


def earlier_use(history: History, mount: str) -> list[tuple[float, float]]:
    """Return (seconds, used bytes) of the mount as earlier runs saw it, oldest first."""
    return [
        (at, seen["used_bytes"])
        for at, seen in history.of("disk", mount)
        if isinstance(seen.get("used_bytes"), (int, float))
    ]


def disk(item: Item, history: History) -> Iterator[Result]:
    """Yield how full a mounted file system is, in bytes (with a forecast) and in inodes."""
    mount = item["mount"]
    if not os.path.ismount(mount):
        raise CannotCheck(f"nothing is mounted on {mount}")
    system = os.statvfs(mount)
    used, free = (system.f_blocks - system.f_bfree) * system.f_frsize, system.f_bavail * system.f_frsize
    percent = round(100 * used / max(used + free, 1), 1)
    result = judge("disk", f"{mount} is {percent:g} % full.", value=percent, unit="%", limits=item)
    hours = hours_until_full(used, free, earlier_use(history, mount))
    if hours is not None and hours * 3600 <= item.get("full_within", 0):
        result["verdict"] = max(result["verdict"], "warning", key=WORST_LAST.index)
        result["message"] += f" At the current rate it is full in about {hours:.0f} h."
    yield {**result, "used_bytes": used, "free_bytes": free, "full_in_hours": hours and round(hours, 1)}
    if system.f_files:
        inodes = round(100 * (system.f_files - system.f_ffree) / system.f_files, 1)
        text = f"{mount} has used {inodes:g} % of its inodes."
        yield judge("inodes", text, value=inodes, unit="%", limits={**item, "full_within": None})


def memory(item: Item, _: History) -> Iterator[Result]:
    """Yield how much memory is not available, in percent of all."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    percent = round(100 * (1 - sizes["MemAvailable"] / sizes["MemTotal"]), 1)
    text = f"{percent:g} % of the memory is in use; {sizes['MemAvailable'] // 1024} MiB are available."
    yield judge("memory", text, value=percent, unit="%", limits=item)


def load(item: Item, _: History) -> Iterator[Result]:
    """Yield the five-minute load for each processor core."""
    cores = os.cpu_count() or 1
    value = round(os.getloadavg()[1] / cores, 2)
    text = f"The five-minute load average per core is {value:g} ({cores} cores)."
    yield judge("load", text, value=value, unit="per core", limits=item)
