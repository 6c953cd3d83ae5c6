"""Guard a change of what carries the connection: unless it is confirmed in time, the host reverts it by itself.

Comes in: `change_guard.py FOLDER VERB`, a folder that only root can enter. `arm` reads JSON of `{"run", "token",
"fence", "mark", "within", "paths", "units", "network", "units_folder"}`, saves what is there now, and has systemd
`expire` it after that many seconds, and at the next boot. `renew RUN` begins the time again, `confirm RUN` ends the
guard, `revert RUN` brings back what was saved at once. `settle` does so for whatever is still armed, and forgets it.
Goes out: JSON of `{"status", "run", "reverted", "problems", "at", "reason"}`; status is `none`, `armed`, `confirmed`,
`reverted` or `failed`. Run as root, with the host's python3 (3.9 or newer) and nothing else.

Who reverts because the time is over takes the host from the run first: nothing of it may write once more what is
reverted.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from opspact.onhost.host_files import described, run_program
from opspact.onhost.saved_files import restore_paths, save_path
from opspact.onhost.saved_network import restore_network, save_network
from opspact.onhost.saved_units import end_new_units, restore_units, save_units

UNIT = "opspact-change-guard"
"""The units that systemd makes for the time; the one of the next boot is a file."""
BOOT_UNIT = f"{UNIT}-at-boot.service"
BOOT_UNIT_TEXT = """\
# Written by opspact: reverts an unconfirmed change of what carries the connection, before any of it starts.
[Unit]
Description=opspact: revert an unconfirmed change
DefaultDependencies=no
RequiresMountsFor={folder} /etc
After=local-fs.target
Before=network-pre.target shutdown.target {units}
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart={python} -I -B {program} {folder} expire
TimeoutStartSec=120

[Install]
WantedBy=sysinit.target
"""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TOKEN = re.compile(r"\d+")
SLACK = 1.0
"""Seconds that systemd's timer may be early by our clock."""
ERROR = "<3>"
"""Before a line for the journal: it is an error."""
USAGE = "usage: change_guard.py FOLDER (arm | renew RUN | confirm RUN | revert RUN | expire | settle | show)"


class Refused(Exception):  # noqa: N818 - named after the decision
    """The verb does not fit what is armed; the message says why."""


def boot_id() -> str:
    """Return which start of the host this is; empty: unknown."""
    with contextlib.suppress(OSError):
        return BOOT_ID.read_text(encoding="ascii").strip()
    return ""


def since_boot() -> float:
    """Return for how many seconds the host has been running; no setting of its clock changes that."""
    return time.monotonic()


class Guard:
    """What is armed in a folder, to be used by one process at a time."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "state.json"
        self.copies = self.folder / "copies"
        self.state: dict[str, Any] = {"status": "none"}
        with contextlib.suppress(FileNotFoundError):
            self.state = json.loads(self.path.read_text(encoding="utf-8"))

    def keep(self, **changes: Any) -> None:
        """Write down what is new, whole or not at all, and have it on the disk. Raise OSError."""
        self.state.update(changes)
        new = self.folder / "state.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
            json.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        new.rename(self.path)
        flush_folder(self.folder)

    def answer(self) -> dict[str, Any]:
        """Return what is said of it."""
        shown = ("status", "run", "reverted", "problems", "at", "reason")
        return {name: self.state[name] for name in shown if name in self.state}

    def require(self, run: str) -> None:
        """Raise Refused unless this run's change is armed."""
        if self.state["status"] != "armed":
            raise Refused(f"nothing is armed: {self.state['status']}")
        if self.state["run"] != run:
            raise Refused(f"what is armed is of run {self.state['run']}")

    @property
    def boot_unit(self) -> Path:
        """The file of the unit that reverts at the next boot."""
        return Path(self.state["units_folder"]) / BOOT_UNIT

    @property
    def boot_link(self) -> Path:
        """What has that unit started at boot."""
        return self.boot_unit.parent / "sysinit.target.wants" / BOOT_UNIT

    def arm(self, request: dict[str, Any]) -> None:
        """Save what is there, then have it brought back when the time is over. Raise OSError, Refused."""
        if self.state["status"] in {"armed", "failed"}:
            raise Refused(f"a change of run {self.state['run']} is not confirmed yet")
        shutil.rmtree(self.copies, ignore_errors=True)
        self.copies.mkdir(mode=0o700)
        paths = [save_path(path, str(self.copies), number) for number, path in enumerate(request["paths"])]
        flush_folder(self.copies)
        self.state = {
            **{name: request[name] for name in ("run", "token", "fence", "mark", "within", "units_folder")},
            "status": "armed",
            "paths": paths,
            "units": save_units(request["units"]),
            "network": save_network() if request["network"] else None,
            "boot": boot_id(),
        }
        self.keep()
        (self.folder / "python").write_text(f"{sys.executable}\n", encoding="utf-8")
        try:
            self.write_boot_unit()
            self.renew()
        except OSError:
            self.forget()
            raise

    def write_boot_unit(self) -> None:
        """Have the next boot revert it, before its units start. Raise OSError."""
        text = BOOT_UNIT_TEXT.format(
            folder=self.folder,
            units=" ".join(each["name"] for each in self.state["units"]),
            python=sys.executable,
            program=os.path.realpath(sys.argv[0]),
        )
        self.boot_link.parent.mkdir(mode=0o755, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.boot_link.unlink()
        self.boot_unit.write_text(text, encoding="utf-8")
        self.boot_unit.chmod(0o644)
        self.boot_link.symlink_to(self.boot_unit)
        os.sync()

    def renew(self) -> None:
        """Have systemd revert it after its time, counted from now. Raise OSError.

        Who waits meanwhile to revert it sees that it has time.
        """
        self.stop_timer()
        run_program(
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={UNIT}",
            f"--on-active={self.state['within']}s",
            "--timer-property=AccuracySec=1s",
            "--property=Type=oneshot",
            "--",
            *(sys.executable, "-I", "-B", os.path.realpath(sys.argv[0]), str(self.folder), "expire"),
        )
        self.keep(until=since_boot() + self.state["within"] - SLACK)

    def stop_timer(self) -> None:
        """Have systemd end its timer; one that is gone is fine."""
        subprocess.run(["systemctl", "stop", "--", f"{UNIT}.timer"], capture_output=True, check=False)

    def take_host(self) -> None:
        """Take the host from the run: nothing of it writes any more. Raise OSError.

        The next one's token is higher than the one that is left here.
        """
        fence, own = Path(self.state["fence"]) / "token", int(self.state["token"])
        with contextlib.suppress(FileNotFoundError):
            found = TOKEN.match(fence.read_text(encoding="utf-8", errors="replace"))
            if found is None or int(found.group()) > own:
                return
            new = fence.with_name("token.reverted")
            new.write_text(f"{own + 1} {UNIT}\n", encoding="utf-8")
            new.rename(fence)
        mark = f"OPSPACT_FENCE={self.state['mark']}".encode()
        space = Path("/proc/self/ns/pid").stat().st_ino
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                of_run = mark in (entry / "environ").read_bytes().split(b"\0")
                if of_run and int(entry.name) != os.getpid() and (entry / "ns/pid").stat().st_ino == space:
                    os.kill(int(entry.name), signal.SIGKILL)

    def revert(self, reason: str) -> None:
        """Bring back what was saved, and write down what came of it. Raise OSError when even that is not possible.

        What could not be brought back is tried again at the next boot, and by the next apply.
        """
        booting = self.state["boot"] != boot_id()
        problems = end_new_units(self.state["units"], booting=booting)
        changed, failed = restore_paths(self.state["paths"])
        problems += failed + restore_units(self.state["units"], booting=booting)
        if self.state["network"] is not None and not booting:
            problems += restore_network(self.state["network"])
        reverted = [*self.state.get("reverted", []), *changed]
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status = "failed" if problems else "reverted"
        self.keep(status=status, reverted=reverted, problems=problems, at=at, reason=reason)
        if not problems:
            self.end()
            # It has loaded the unit of the next boot with the others.
            subprocess.run(["systemctl", "daemon-reload"], capture_output=True, check=False)

    def end(self) -> None:
        """Stop what would revert it, and delete what was saved. Raise OSError."""
        self.stop_timer()
        for path in (self.boot_link, self.boot_unit):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        shutil.rmtree(self.copies, ignore_errors=True)

    def forget(self) -> None:
        """End it, and keep no word of it. Raise OSError."""
        self.end()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        flush_folder(self.folder)

    def expire(self) -> None:
        """Revert it, since nobody has confirmed it, or what failed before once more. Raise OSError."""
        if self.state["status"] not in {"armed", "failed"}:
            return
        booting = self.state["boot"] != boot_id()
        if not booting and self.state["status"] == "armed" and since_boot() < self.state.get("until", 0):
            return
        if not booting:
            self.take_host()
        within = f"nobody confirmed it within {self.state['within']} s"
        self.revert("the host was started again before it was confirmed" if booting else within)

    def settle(self) -> dict[str, Any]:
        """Revert what is still armed, or was not reverted whole; say what is known, and forget it. Raise OSError."""
        if self.state["status"] == "none":
            return self.answer()
        if self.state["status"] in {"armed", "failed"}:
            self.take_host()
            self.revert("the run that changed it ended before it was confirmed")
        said = self.answer()
        if said["status"] == "reverted":
            self.forget()
        return said


def flush_folder(folder: Path) -> None:
    """Have a folder's names on the disk. Raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def carry_out_for_run(guard: Guard, verb: str, run: str) -> dict[str, Any]:
    """Do what the run asks for whose change it is; what it is told of is forgotten. Raise OSError, Refused."""
    if verb == "renew":
        guard.require(run)
        guard.renew()
        return guard.answer()
    if guard.state["status"] != "reverted" or guard.state["run"] != run:
        guard.require(run)
        if verb == "confirm":
            guard.forget()
            return {"status": "confirmed", "run": run}
        guard.revert("a fresh connection to this host was not possible")
    said = guard.answer()
    if said["status"] == "reverted":
        guard.forget()
    return said


def carry_out(guard: Guard, verb: str, run: str) -> dict[str, Any]:
    """Do what a verb says; return what is said. Raise OSError, Refused."""
    if verb == "arm":
        guard.arm(json.load(sys.stdin))
    elif verb == "expire":
        guard.expire()
    elif verb == "settle":
        return guard.settle()
    elif verb in {"renew", "confirm", "revert"}:
        return carry_out_for_run(guard, verb, run)
    elif verb != "show":
        raise Refused(USAGE)
    return guard.answer()


def main(arguments: list[str]) -> tuple[int, str, str]:
    """Given the arguments, return the exit status, JSON, and a line for the journal."""
    if not 2 <= len(arguments) <= 3:  # noqa: PLR2004 - the folder, the verb, maybe a run
        return 2, "", USAGE
    folder, verb, *rest = arguments
    os.umask(0o077)
    try:
        lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        guard = Guard(folder)
        said = carry_out(guard, verb, rest[0] if rest else "")
    except Refused as error:
        return 3, json.dumps(guard.answer()), str(error)
    except (OSError, ValueError, KeyError) as error:
        why = described(error) if isinstance(error, OSError) else str(error)
        return 1, "", f"{ERROR}opspact: the guard of a change cannot {verb}: {why}"
    if said["status"] == "failed":
        return 1, json.dumps(said), f"{ERROR}opspact: a change is not reverted whole: {'; '.join(said['problems'])}"
    if said["status"] == "reverted":
        return 0, json.dumps(said), f"opspact: reverted, since {said['reason']}: {', '.join(said['reverted'])}"
    return 0, json.dumps(said), ""


if __name__ == "__main__":
    status, answer, message = main(sys.argv[1:])
    sys.stdout.write(f"{answer}\n" if answer else "")
    sys.stderr.write(f"{message}\n" if message else "")
    raise SystemExit(status)
