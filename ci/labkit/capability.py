"""Whether a lab can run on this machine, and which Debian packages are missing.

In: the machine. Out: what is missing, in words.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from labkit.base import cache_folder
from labkit.shell import PATH, attempt

PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ssh": "openssh-client",
    "ip": "iproute2",
    "nsenter": "util-linux",
}


def missing_packages() -> list[str]:
    """Return the Debian packages to install first, sorted; empty when all programs are there."""
    return sorted({package for program, package in PROGRAMS.items() if not shutil.which(program, path=PATH)})


def missing_capabilities() -> list[str]:
    """Return, in words, each ability that a lab needs and this machine lacks; empty when it can carry one."""
    if sys.platform != "linux":
        return ["Linux: the lab uses its namespaces"]
    if os.geteuid() != 0:
        return ["root: namespaces, mounts and bridges require it (sudo ci/lab …)"]
    packages = missing_packages()
    lacking = [f"packages: apt-get install {' '.join(packages)}"] if packages else []
    return lacking + [words for words, holds in CHECKS.items() if not holds()]


def _has_namespaces() -> bool:
    return attempt(["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "true"]).rc == 0


def _has_bridge() -> bool:
    script = (
        "ip link add opl9 type bridge && ip link add opl9h1 type veth peer name eth0 && ip link set opl9h1 master opl9"
    )
    return attempt(["unshare", "--net", "sh", "-c", script]).rc == 0


def _has_overlay() -> bool:
    cache_folder().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache_folder(), prefix=f"probe-{os.getpid()}-") as name:
        folder = Path(name)
        for part in ("lower", "upper", "work", "root"):
            (folder / part).mkdir()
        (folder / "lower/file").touch()
        options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work,volatile"
        # removing the lower file needs the kernel to make a whiteout: some file systems carry an overlay read-only
        script = f"mount -t overlay overlay -o {options} {folder}/root && rm {folder}/root/file"
        return attempt(["unshare", "--mount", "sh", "-c", script]).rc == 0


def _has_control_groups() -> bool:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            return os.access(point, os.W_OK) and "rw" in options.split(",")
    return False


CHECKS: dict[str, Callable[[], bool]] = {
    "namespaces: this process cannot create mount, network and pid namespaces": _has_namespaces,
    "network: a bridge with a veth pair cannot be created": _has_bridge,
    "overlay: the file system of the cache directory has no overlay (set XDG_CACHE_HOME to another one)": _has_overlay,
    "control groups: no writable cgroup2 or name=systemd hierarchy is mounted": _has_control_groups,
}
