"""A lab: hosts that are started, broken in every way that matters, and removed completely.

In: a lab's name. Out: running hosts.
Every verb first makes sure of what it needs and is harmless when repeated.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from labkit import access, base, faults, network, state, uutils
from labkit.capability import missing_capabilities
from labkit.machine import Machine
from labkit.mounts import unmount_below
from labkit.names import DEFAULT_LAB, NETWORK, HostSpec, reference_hosts, slice_size
from labkit.shell import LabError, Result, attempt
from labkit.state import Host, State, lab_folder, locked

PARALLEL = 16

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Lab:
    """The lab of that name on this machine, whether it is up or not."""

    def __init__(self, name: str = DEFAULT_LAB) -> None:
        self.name = name
        self.folder = lab_folder(name)

    @property
    def key(self) -> Path:
        """Return the private key that opens every host."""
        return self.folder / "ssh_key"

    @property
    def known_hosts(self) -> Path:
        """Return the file with every host's public key, by address and by name."""
        return self.folder / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """Return an ssh configuration in which the hosts' plain names work (`ssh -F`)."""
        return self.folder / "ssh_config"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts' names, in the order they were added; none when the lab is down."""
        current = state.read(self.name)
        return tuple(current.hosts) if current else ()

    def address(self, host: str) -> str:
        """Given a host's name, return its address."""
        current = self._state()
        return current.names.address(_pick(current, host).number)

    def relocated(self, text: str) -> str:
        """Given a text with addresses of the reference inventory's network, return it with those of this lab."""
        current = self._state()
        pattern = rf"\b{re.escape(NETWORK)}\.(\d+)\b"
        return re.sub(pattern, lambda found: current.names.address(int(found[1])), text)

    def up(self, hosts: Sequence[HostSpec] = ()) -> "Lab":
        """Given wanted hosts, have them and all earlier ones of this lab running, every fault healed, and return self.

        Without hosts: those it has, or the reference lab. Raise `LabError` when this machine cannot carry a lab, the
        base image cannot be built or a host does not start.
        """
        if lacking := missing_capabilities():
            raise LabError("the lab cannot run on this machine:\n" + "\n".join(f"- {words}" for words in lacking))
        with locked(self.name):
            current = state.read(self.name)
            wanted = hosts or (() if current and current.hosts else reference_hosts())
            there = current.hosts.values() if current else ()
            images = {release: base.build(release) for release in sorted({one.release for one in (*there, *wanted)})}
            current = current or self._claim(wanted)
            for spec in wanted:
                current.add(spec)
            self._rebase(current, images)
            state.write(current)  # before anything is made, so that `down` finds it after a kill
            self._raise(current, list(current.hosts.values()))
            _demand_a_way(current)
        return self

    def down(self) -> None:
        """End every host, take disks, network and state away. Harmless when there is none."""
        with locked(self.name):
            current = state.read(self.name)
            if current is None:
                return
            machines = [Machine(current, host) for host in current.hosts.values()]
            _each(machines, Machine.power_off)
            network.take_away(current.names)
            unmount_below(Path(current.disks))
            if Path(current.disks).exists():
                shutil.rmtree(current.disks)
            (self.folder / "lab.json").rename(self.folder.with_name(f"{self.name}.gone"))  # it holds nothing any more
            shutil.rmtree(self.folder)
            self.folder.with_name(f"{self.name}.gone").unlink()

    def status(self) -> dict[str, object]:
        """Return the lab as scripts read it (`ci/lab status --json`); `running` is true when every host runs uncut."""
        current = state.read(self.name)
        head: dict[str, object] = {"schema": "opspact/lab-status", "version": 1, "name": self.name}
        if current is None:
            return head | {"exists": False, "running": False, "hosts": []}
        hosts = _each(current.hosts.values(), lambda host: _describe(current, host))
        running = all(host["state"] == "running" and not host["cut"] for host in hosts)
        where = {"network": current.names.network, "bridge": current.names.bridge}
        reach = {"ssh_key": str(self.key), "known_hosts": str(self.known_hosts), "ssh_config": str(self.ssh_config)}
        return head | {"exists": True, "running": running} | where | reach | {"hosts": hosts}

    def run(self, host: str, command: str, *, user: str = access.USER, timeout: float = 60) -> Result:
        """Given a shell command, run it on a host over ssh (one connection), and return rc, output and errors.

        `rc` is 255 when ssh itself fails, 124 after `timeout` seconds.
        """
        return attempt([*self.ssh_command(host, user=user), command], timeout=timeout)

    def root(self, host: str, command: str, *, timeout: float = 60) -> Result:
        """Given a shell command, run it as root inside a host without ssh or network: also on one that is cut off."""
        current = self._state()
        return Machine(current, _pick(current, host)).inside(["sh", "-c", command], timeout=timeout)

    def ssh_command(self, host: str, *, user: str = access.USER) -> list[str]:
        """Given a host's name, return the arguments that call ssh for it."""
        current = self._state()
        _pick(current, host)
        return access.ssh_command(current, host, user=user)

    def inventory(self, folder: Path) -> Path:
        """Given a folder, write the lab's Ansible inventory there as `hosts.yaml` and return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "hosts.yaml"
        file.write_text(access.inventory(self._state()))
        return file

    def cut(self, host: str) -> None:
        """Cut a host off: everything sent to it vanishes, callers hang. It runs on."""
        with self._changing(host) as (current, chosen):
            network.cut(current.names, chosen.number)
            chosen.cut = True

    def heal(self, host: str) -> None:
        """Connect a host again that was cut off."""
        with self._changing(host) as (current, chosen):
            network.reconnect(current.names, chosen.number)
            chosen.cut = False

    def set_patience(self, host: str, tries: int) -> None:
        """Have a host that is cut off forget connections whose program is gone after so many tries; 0: as usual."""
        with self._changing(host) as (current, chosen):
            network.set_patience(current.names, chosen.name, tries)

    def stop(self, host: str) -> None:
        """Shut a host down in order; connections to it find nobody."""
        with self._changing(host) as (current, chosen):
            Machine(current, chosen).shut_down()

    def kill(self, host: str) -> None:
        """Pull a host's plug; its disk stays as it was at that moment."""
        with self._changing(host) as (current, chosen):
            Machine(current, chosen).power_off()

    def start(self, host: str) -> None:
        """Start a host that was stopped or killed, with the disk it had. One that runs is left alone."""
        with self._changing(host) as (current, chosen):
            self._raise(current, [chosen])

    def reset(self, *hosts: str) -> None:
        """Create hosts again, all at once: new disks, the same keys and addresses."""
        with locked(self.name):
            current = self._state()
            chosen = [_pick(current, host) for host in hosts]
            machines = [Machine(current, host) for host in chosen]
            try:
                _each(machines, Machine.power_off)
                _each(machines, Machine.wipe)
                self._raise(current, chosen)
            finally:
                state.write(current)

    def fill(self, host: str, path: str = "/srv") -> None:
        """Have a folder of a host stand on a full file system, its contents unchanged."""
        with self._changing(host) as (current, chosen):
            faults.fill(Machine(current, chosen), path)

    def unfill(self, host: str) -> None:
        """Take all full file systems of a host away."""
        with self._changing(host) as (current, chosen):
            faults.unfill(Machine(current, chosen))

    def replace_programs(self, host: str) -> None:
        """Have uutils and sudo-rs on a host in place of GNU's coreutils and sudo, until it is reset."""
        with self._changing(host) as (current, chosen):
            uutils.replace_programs(Machine(current, chosen))

    def _claim(self, hosts: Sequence[HostSpec]) -> State:
        disks = base.cache_folder() / "disks" / self.name
        return state.claim(self.name, slice_size(hosts), disks=str(disks))

    def _raise(self, current: State, hosts: list[Host]) -> None:
        keys = access.make_keys(current)
        access.write_files(current)
        network.make_bridge(current.names)
        network.attach_devices(current.names, {host.number for host in hosts})
        machines = [Machine(current, host) for host in hosts]
        for machine in machines:
            network.plug_in(current.names, machine.host.name, machine.host.number)
            machine.host.cut = False
            machine.prepare(keys)
            machine.boot()
        state.write(current)
        _each(machines, Machine.wait)
        _each(machines, Machine.seed)
        _each([machine for machine in machines if machine.host.filled], faults.unfill)
        state.write(current)

    def _rebase(self, current: State, images: Mapping[str, Path]) -> None:
        """Put disks on the present images where the one below them is gone: what was on them is gone with it."""
        for host in current.hosts.values():
            if not host.base or not Path(host.base).exists():
                machine = Machine(current, host)
                machine.power_off()
                machine.wipe()
                host.base = str(images[host.release])

    @contextmanager
    def _changing(self, host: str) -> Iterator[tuple[State, Host]]:
        with locked(self.name):
            current = self._state()
            try:
                yield current, _pick(current, host)
            finally:
                state.write(current)

    def _state(self) -> State:
        current = state.read(self.name)
        if current is None:
            raise LabError(f"lab {self.name} is not running: ci/lab up --name {shlex.quote(self.name)}")
        return current


def _demand_a_way(current: State) -> None:
    """Raise `LabError` unless the first two hosts reach each other; Docker's firewall, for one, stops that."""
    first, second, *_ = [*current.hosts.values(), None, None]
    if first is None or second is None:
        return
    opened = f"timeout 5 bash -c '</dev/tcp/{current.names.address(second.number)}/22'"
    if Machine(current, first).inside(["sh", "-c", opened]).rc != 0:
        raise LabError(
            f"{first.name} does not reach {second.name}: does a firewall of this machine filter bridged packets? "
            "`sysctl net.bridge.bridge-nf-call-iptables=0` lets them through"
        )


def _pick(current: State, host: str) -> Host:
    if host not in current.hosts:
        raise LabError(f"lab {current.name} has no host {host!r}; it has {', '.join(current.hosts)}")
    return current.hosts[host]


def _describe(current: State, host: Host) -> dict[str, object]:
    return {
        "name": host.name,
        "address": current.names.address(host.number),
        "groups": host.groups,
        "release": host.release,
        "state": Machine(current, host).condition(),
        "cut": host.cut,
        "filled": host.filled,
        "pid": host.pid,
    }


def _each(items: Iterable[Item], work: Callable[[Item], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(work, items))
