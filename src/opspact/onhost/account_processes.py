"""What runs as an account, and what root's own files start as it: services are others' to change, all else is ended.

In: an account. Out: the ways in which it runs. A part of the program that closes accounts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from opspact.onhost.account_files import Account, Opening, lines_of, listed, masked
from opspact.onhost.host_files import run_program

PATIENCE = 5.0  # seconds for processes to end
TRANSIENT = Path("/run/systemd/transient")  # what systemd-run made
UNITS = (Path("/etc/systemd/system"), Path("/usr/local/lib/systemd/system"), Path("/run/systemd/system"), TRANSIENT)
CRON = Path("/etc/cron.d")
PROCESSES = Path("/proc")
SYSTEMD = Path("/run/systemd/system")


def of_services(account: Account) -> Iterator[Opening]:
    """Yield what root's own files start as the account: they are others' to change."""
    for path in (Path("/etc/crontab"), *(sorted(CRON.iterdir()) if CRON.is_dir() else ())):
        if path.is_file() and any(cron_account(line) == account.name for line in lines_of(path)):
            yield Opening(f"cron starts commands as it: {path}; change that by hand")
    for unit in sorted(unit_files(account) | loaded_units(account)):
        yield Opening(f"systemd runs {unit} as it; change that by hand")


def cron_account(line: str) -> str:
    """Given a line of a system's crontab, return the account that its command is started as; empty: none."""
    fields = line.split()
    place = 1 if line.lstrip().startswith("@") else 5
    is_entry = bool(re.match(r"\s*[@*\d]", line)) and len(fields) > place + 1
    return fields[place] if is_entry else ""


def unit_files(account: Account) -> set[str]:
    """Return the services whose files name the account."""
    user = re.compile(rf"\s*User\s*=\s*({re.escape(account.name)}|{account.uid})\s*")
    found = set()
    units = (path for folder in UNITS for what in ("*.service", "*.service.d/*.conf") for path in folder.glob(what))
    for path in units:
        if path.parent == TRANSIENT and not path.with_suffix(".timer").exists():
            continue  # it does not start again: what runs of it is a process
        if path.is_file() and any(map(user.fullmatch, lines_of(path))):
            found.add((path if path.suffix == ".service" else path.parent).name.removesuffix(".d"))
    return found


def loaded_units(account: Account) -> set[str]:
    """Return the services that systemd has loaded and starts as the account, wherever their files are (`User=%i`).

    Not those of systemd-run and of the account's own systemd: they end with it.
    """
    if not SYSTEMD.is_dir():
        return set()
    found = set()
    for block in run_program("systemctl", "show", "--property=Id,User,Transient", "--", "*.service").split("\n\n"):
        said = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        is_kept = said.get("Transient") != "yes" and said.get("Id") != f"user@{account.uid}.service"
        if is_kept and said.get("User") in {account.name, str(account.uid)}:
            found.add(said["Id"])
    return found


def processes_of(account: Account, services: set[str]) -> dict[int, str]:
    """Return the processes of an account and its sessions, by number, with their names; not those of services."""
    found = {}
    for path in PROCESSES.glob("[0-9]*/status"):
        try:
            text = path.read_text(errors="replace")
            groups = path.with_name("cgroup").read_text(errors="replace").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        is_its = str(account.uid) in fields["Uid"].split() or in_session(account, groups)
        if is_its and not fields["State"].startswith(("Z", "X")) and services.isdisjoint(units_in(groups)):
            found[int(path.parent.name)] = masked(fields["Name"])
    return found


def in_session(account: Account, groups: list[str]) -> bool:
    """Whether control groups are of the account's sessions: what it has started as root there (`sudo -i`), too."""
    return any(f"/user-{account.uid}.slice/" in f"{group}/" for group in groups)


def units_in(groups: list[str]) -> set[str]:
    """Return the names of units in control groups: `0::/system.slice/web.service`."""
    return {part for group in groups for part in group.split("/") if part.endswith(".service")}


def end_processes(account: Account, services: set[str]) -> None:
    """End the account's sessions, its systemd and all its processes. Raise OSError when one does not end."""
    if SYSTEMD.is_dir():
        with contextlib.suppress(OSError):  # what counts is whether a process is left
            run_program("systemctl", "stop", "--no-block", f"user@{account.uid}.service", f"user-{account.uid}.slice")
    deadline = time.monotonic() + PATIENCE
    while left := processes_of(account, services):
        if time.monotonic() > deadline:
            raise OSError(errno.EBUSY, f"{listed(list(left.values()))} cannot be ended")
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)


def of_processes(account: Account) -> Iterator[Opening]:
    """Yield that processes of the account run, unless another account of its user id may have started them."""
    if account.twins:
        yield Opening(
            f"uid {account.uid} is also that of {listed(account.twins)}: give one of them another uid by hand"
        )
        return
    services = loaded_units(account)
    found = processes_of(account, services)
    if found:
        named = listed([f"{name} ({number})" for number, name in sorted(found.items())])
        what = "1 process runs" if len(found) == 1 else f"{len(found)} processes run"
        yield Opening(f"{what} as it: {named}", partial(end_processes, account, services))
