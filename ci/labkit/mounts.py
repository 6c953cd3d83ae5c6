"""Mounted file systems, and hosts' disks: an overlay with the base image below and a folder of the host's own above.

In: folders. Out: mounts made where missing, unmounted where present.
"""

import shutil
import time
from pathlib import Path

from labkit.shell import attempt, demand

BUSY_SECONDS = 20.0
"""How long a file system is waited for that is still in use."""


def mounted() -> list[str]:
    """Return every mount point of this machine, in the order of mounting."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1].replace("\\040", " ") for line in lines]


def mount_overlay(base: Path, disk: Path) -> Path:
    """Given the base image and a host's disk folder, have the host's root mounted and return it. Instant.

    Nothing is forced to this machine's disk (`volatile`): packages, databases and archives are written in a fraction of
    the time, and outlive the end of a host, but not that of this machine.
    """
    root = disk / "root"
    if str(root) not in mounted():
        for part in ("upper", "work", "root"):
            (disk / part).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(disk / "work/work/incompat", ignore_errors=True)  # says that it was mounted so before
        options = f"lowerdir={base},upperdir={disk / 'upper'},workdir={disk / 'work'},volatile"
        demand(["mount", "-t", "overlay", "overlay", "-o", options, str(root)])
    return root


def unmount_below(folder: Path) -> None:
    """Given a folder, unmount everything at or below it, the latest first. Raise `LabError` when one stays in use."""
    for point in reversed(mounted()):
        if point == str(folder) or point.startswith(f"{folder}/"):
            deadline = time.monotonic() + BUSY_SECONDS
            # The kernel still lets go of what killed processes had open, and programs of this machine look around.
            while attempt(["umount", point]).rc != 0 and time.monotonic() < deadline:
                time.sleep(0.2)
            if point in mounted():
                demand(["umount", point])
