"""What is known about the labs of this machine: one JSON file each, and the locks around it.

In: a lab's name. Out: its state, kept under /var/lib (another account's cache folder must not hide it).
The file is replaced atomically, so a killed writer leaves the old one.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from labkit import recipe
from labkit.names import ADDRESSES, DEFAULT_LAB, NAME, SMALLEST, HostSpec, Names
from labkit.shell import LabError

FOLDER = Path("/var/lib/opspact-lab")
SLICES = ".slices"  # the lock of the network's division; no lab can have this name


@dataclass(slots=True)
class Host:
    """One host as it stands: number, groups, release, nspawn process, faults made on it, whether it holds its data.

    `base` is the path of the image below its disk; empty: none yet.
    """

    name: str
    groups: list[str]
    number: int
    release: str = recipe.RELEASES[0]
    base: str = ""
    pid: int = 0
    started: int = 0  # clock ticks since boot, field 22 of /proc/PID/stat: a pid alone may be somebody else's by now
    cut: bool = False
    filled: list[str] = field(default_factory=list)
    seeded: bool = False


@dataclass(slots=True)
class State:
    """One lab: its slice, the folder of its hosts' disks, and the hosts by name."""

    name: str
    first: int
    size: int
    disks: str
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """Return the names derived from this lab's name and slice."""
        return Names(self.name, self.first, self.size)

    def add(self, spec: HostSpec) -> None:
        """Given a wanted host, enter it. Raise `LabError` when it does not fit in, or to an earlier one."""
        for host in self.hosts.values():
            if host.name == spec.name and (host.number, host.release) == (spec.number, spec.release):
                return
            if host.name == spec.name or host.number == spec.number:
                wanted, there = (f"{one.name} (number {one.number}, {one.release})" for one in (spec, host))
                raise LabError(f"lab {self.name}: {wanted} conflicts with {there}")
        if not NAME.fullmatch(spec.name) or not 1 < spec.number < self.size - 1:
            raise LabError(f"{spec.name!r} (number {spec.number}): invalid name or number (slice of {self.size})")
        self.hosts[spec.name] = Host(spec.name, list(spec.groups), spec.number, spec.release)


def lab_folder(name: str) -> Path:
    """Given a lab's name, return the folder of its state, keys and console logs. Raise `LabError` for a bad name."""
    if not NAME.fullmatch(name):
        raise LabError(f"lab name {name!r}: use up to 20 of a-z, 0-9 and -, starting with a letter")
    return FOLDER / name


def read(name: str) -> State | None:
    """Given a lab's name, return its state, or None when there is no such lab."""
    try:
        raw = json.loads((lab_folder(name) / "lab.json").read_text())
    except FileNotFoundError:
        return None
    hosts = {host["name"]: Host(**host) for host in raw["hosts"]}
    return State(raw["name"], raw["first"], raw["size"], raw["disks"], hosts)


def write(state: State) -> None:
    """Given a state, write it to disk atomically."""
    folder = lab_folder(state.name)
    folder.mkdir(parents=True, exist_ok=True)
    raw = {"schema": "opspact/lab", "version": 1, **asdict(state), "hosts": [asdict(h) for h in state.hosts.values()]}
    fresh = folder / "lab.json.new"
    fresh.write_text(json.dumps(raw, indent=1) + "\n")
    fresh.replace(folder / "lab.json")


def known() -> list[State]:
    """Return every lab of this machine, by name."""
    states = (read(path.parent.name) for path in sorted(FOLDER.glob("*/lab.json")))
    return [state for state in states if state is not None]


def claim(name: str, size: int, *, disks: str) -> State:
    """Given a new lab's name and how many addresses it needs, return its state with a slice nobody else holds.

    The network's beginning belongs to the lab `demo` alone: its addresses stand in the reference inventory. Raise
    `LabError` when no slice of that size is free.
    """
    with locked(SLICES):
        wanted = [0] if name == DEFAULT_LAB else range(ADDRESSES - size, SMALLEST - 1, -size)  # far from demo first
        for first in wanted:
            if all(first + size <= other.first or other.first + other.size <= first for other in known()):
                state = State(name, first, size, disks)
                write(state)
                return state
        names = ", ".join(state.name for state in known())
        raise LabError(f"no free slice of {size} addresses for lab {name}: remove one of {names} first")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock of that name (a lab's, or `SLICES`) against other processes; wait for it as long as it takes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with flock(FOLDER / f"{name}.lock"):
        yield


@contextmanager
def flock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel lets go of it when the process dies."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
