"""One host as a machine: its disk, its boot, its end, and commands inside that need no network.

In: a lab's state and one of its hosts. Out: a running systemd, or none.
"""

import os
import shlex
import shutil
import signal
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from labkit import customer, processes, recipe
from labkit.mounts import mount_overlay, unmount_below
from labkit.shell import PATH, LabError, Result, attempt, demand
from labkit.state import Host, State, lab_folder

BOOT_SECONDS = 90.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05

T = TypeVar("T")


class Machine:
    """One host of a lab; everything about it is derived from the lab's state."""

    def __init__(self, state: State, host: Host) -> None:
        self.state = state
        self.host = host
        self.namespace = state.names.namespace(host.name)
        self.disk = Path(state.disks) / host.name
        self.log = lab_folder(state.name) / "console" / f"{host.name}.log"

    def prepare(self, key: Path) -> None:
        """Given the folder of the lab's keys, have the disk mounted, and on a fresh one the host's own identity.

        Later changes by hand or by policy are left as they are; only missing host names are added.
        """
        root = mount_overlay(Path(self.host.base), self.disk)
        _add_lines(root / "etc/hosts", self._neighbours())
        if (root / "etc/machine-id").exists():
            return
        (root / "etc/hostname").write_text(f"{self.host.name}\n")
        if "db" in self.host.groups:
            wanted = root / "etc/systemd/system/multi-user.target.wants/postgresql.service"
            wanted.symlink_to("/lib/systemd/system/postgresql.service")
        for account, number in recipe.ACCOUNTS.items():
            _install(key / "ssh_key.pub", root / f"home/{account}/.ssh/authorized_keys", owner=number)
        _install(key / "host_keys" / self.host.name, root / "etc/ssh/ssh_host_ed25519_key")
        _install(key / "host_keys" / f"{self.host.name}.pub", root / "etc/ssh/ssh_host_ed25519_key.pub")
        # last, because it marks the identity as complete: a killed `up` must not leave half of one
        (root / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")

    def boot(self) -> None:
        """Have the host's systemd started (not yet finished starting: see `wait`), and note its process."""
        if processes.payload(self.namespace) is None or processes.supervisor(self.namespace) is None:
            self.power_off()
            self._spawn()
        pid = _await(lambda: processes.supervisor(self.namespace), BOOT_SECONDS)
        if pid is None:
            raise LabError(f"{self.host.name} did not start; its console: {self.log}\n{self._last_words()}")
        self.host.pid, self.host.started = pid, processes.started(pid)

    def wait(self) -> str:
        """Wait until the host has started and return systemd's word for it (`running`, `degraded`).

        Raise `LabError` when it has not within the time; the message ends with the console's last lines.
        """
        word = _await(self._finished, BOOT_SECONDS)
        if word is None:
            raise LabError(f"{self.host.name} did not finish starting; its console: {self.log}\n{self._last_words()}")
        return word

    def seed(self) -> None:
        """Load the customer's existing data where the host holds the database and has none yet."""
        if "db" not in self.host.groups or self.host.seeded:
            return
        loaded = self.inside(["runuser", "-u", "postgres", "--", "psql", "-qX", "-v", "ON_ERROR_STOP=1"], customer.SQL)
        if loaded.rc != 0:
            raise LabError(f"{self.host.name}: the customer's data could not be loaded: {loaded.err}")
        self.host.seeded = True

    def condition(self) -> str:
        """Return `stopped`, or systemd's word for how the host is: `starting`, `running`, `degraded`, `stopping`, ….

        A stopped host still shows as `unknown` when its systemd does not answer.
        """
        if processes.payload(self.namespace) is None:
            return "stopped"
        return self.inside(["systemctl", "is-system-running"]).out.strip() or "unknown"

    def inside(self, command: list[str], stdin: str = "", timeout: float = 120) -> Result:
        """Given a command, run it as root in the host's own namespaces: no network, no sshd needed.

        Return rc 255 with the reason when the host does not run.
        """
        pid = processes.payload(self.namespace)
        if pid is None:
            return Result(255, "", f"{self.host.name} does not run")
        clean = ["env", "-i", f"PATH={PATH}", "LANG=C.UTF-8", "HOME=/root"]
        enter = ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        return attempt([*clean, *enter, *command], stdin=stdin, timeout=timeout)

    def shut_down(self) -> None:
        """Shut the host down in order, as its power button would; after 30 s pull the plug."""
        pid = processes.supervisor(self.namespace)
        if pid is not None:
            processes.kill(pid, signal.SIGTERM)
            _await(lambda: None if processes.inside(self.namespace) else True, STOP_SECONDS)
        self.power_off()

    def power_off(self) -> None:
        """Pull the plug: end every process of the host at once. The disk stays as it was at that moment."""

        def end() -> bool | None:
            pids = [pid for pid in (processes.supervisor(self.namespace), processes.payload(self.namespace)) if pid]
            pids = pids or processes.inside(self.namespace)
            for pid in pids:
                processes.kill(pid)
            return None if pids else True

        if _await(end, STOP_SECONDS) is None:
            raise LabError(f"{self.host.name}: processes {processes.inside(self.namespace)} do not end")
        for folder in self._control_groups():
            _await(partial(_remove_control_group, folder), STOP_SECONDS)  # busy until its last process is reaped
        self.host.pid = self.host.started = 0
        self.host.filled.clear()  # they were in memory

    def wipe(self) -> None:
        """Throw the disk away: the next `prepare` makes a fresh host with the same keys and address."""
        unmount_below(self.disk)
        if self.disk.exists():
            shutil.rmtree(self.disk)
        self.host.seeded = False

    def _spawn(self) -> None:
        self.log.parent.mkdir(exist_ok=True)
        # A control group of its own: in a shared one the hosts' systemds would count each other's processes as theirs.
        groups = self._control_groups()
        for folder in groups:
            folder.mkdir(parents=True, exist_ok=True)
        join = "".join(f"echo $$ >{shlex.quote(str(folder / 'cgroup.procs'))}; " for folder in groups)
        name = self.host.name
        nspawn = [
            *(
                "systemd-nspawn",
                "--quiet",
                f"--directory={self.disk / 'root'}",
                "--register=no",
                "--keep-unit",
                "--boot",
            ),
            *(f"--machine={self.state.name}-{name}", f"--hostname={name}", "--resolv-conf=off", "--timezone=off"),
            *("--link-journal=no", f"--network-namespace-path=/run/netns/{self.namespace}"),
            "--capability=CAP_NET_ADMIN",  # routes and rules of its own network, as on any server
        ]
        unified = ["env", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"] if self.host.release in recipe.UNIFIED else []
        script = f"{join}exec {shlex.join([*unified, *nspawn])} </dev/null >{shlex.quote(str(self.log))} 2>&1"
        demand(["env", "-i", f"PATH={PATH}", "setsid", "--fork", "sh", "-c", script])

    def _control_groups(self) -> list[Path]:
        """Return the host's own folder in each hierarchy that systemd uses: v2, and v1's `name=systemd`."""
        found = []
        for line in Path("/proc/self/mounts").read_text().splitlines():
            _, point, kind, options, *_ = line.split()
            if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
                found.append(Path(point) / "opspact-lab" / self.state.name / self.host.name)
        return found

    def _neighbours(self) -> list[str]:
        return [f"{self.state.names.address(host.number)} {host.name}" for host in self.state.hosts.values()]

    def _finished(self) -> str | None:
        word = self.inside(["systemctl", "is-system-running", "--wait"], timeout=BOOT_SECONDS).out.strip()
        return word if word in {"running", "degraded"} else None

    def _last_words(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return "(no console log)"


def _await(ask: Callable[[], T | None], seconds: float) -> T | None:
    end = time.monotonic() + seconds
    while (answer := ask()) is None and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return answer


def _add_lines(file: Path, lines: list[str]) -> None:
    text = file.read_text() if file.exists() else ""
    missing = [line for line in lines if line not in text.splitlines()]
    if missing:
        file.write_text(text + "".join(f"{line}\n" for line in missing))


def _install(source: Path, target: Path, *, owner: int = 0) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o644 if target.suffix == ".pub" else 0o600)
    os.chown(target, owner, owner)


def _remove_control_group(folder: Path) -> bool | None:
    try:
        for below, _, _ in os.walk(folder, topdown=False):
            Path(below).rmdir()
        if folder.parent.is_dir() and not any(entry.is_dir() for entry in folder.parent.iterdir()):
            folder.parent.rmdir()
    except OSError:
        return None
    return True
