"""What is granted on a host: the files that say so, the rules of sudo for it, and when it is over.

Comes in: settings of an access policy. Goes out: grants. Part of the program `emergency_access`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from opspact.onhost.host_files import run_program
from opspact.onhost.spool import write_atomically

MADE_HERE = "opspact emergency access"
"""How the comment of an account begins that this program made: no other account is opened or closed."""
SLACK = 60.0  # seconds that a clock may go back
BOOT = Path("/proc/sys/kernel/random/boot_id")


class Grant(NamedTuple):
    """An account that is open: for whom, by whom, why, from when to when (seconds since the epoch).

    `boot` and `running`: which start of the host it was, and how many seconds after it. `mark`: where in the journal it
    begins, empty if that is not known. `sudo_ends`: whether sudo itself knows the end. `over`: why it ended before its
    time. `complained`: a result says already that it cannot be closed.
    """

    account: str
    person: str
    grant: str
    by: str
    reason: str
    since: float
    until: float
    boot: str = ""
    running: float = 0.0
    mark: str = ""
    sudo_ends: bool = False
    over: str = ""
    complained: bool = False


class Policy:
    """The settings: who may get what here, and where it stands. Raise KeyError when something is missing."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        self.folder = Path(str(configuration["folder"]))
        self.rules = Path(str(configuration["rules"]))
        self.unit, self.closing = str(configuration["unit"]), str(configuration["closing"])
        self.at_most = float(configuration["at_most"])
        self.groups: list[str] = configuration["groups"]
        self.commands: list[str] = configuration["commands"]
        self.people: dict[str, dict[str, Any]] = configuration["people"]

    def grants(self) -> dict[str, Grant]:
        """Return what is open, by account; what cannot be read is over. Raise OSError."""
        found = {}
        for path in sorted(self.folder.glob("*.json")):
            try:
                found[path.stem] = Grant(**json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError):
                unread = "its file cannot be read"
                found[path.stem] = Grant(path.stem, "", "", "", "", path.stat().st_mtime, 0.0, over=unread)
        return found

    def is_granted(self, account: str) -> bool:
        """Whether an account is open by this policy, or by another one."""
        return any(self.folder.parent.glob(f"*/{account}.json"))

    def keep(self, grant: Grant) -> None:
        """Write down that an account is open. Raise OSError."""
        path = self.folder / f"{grant.account}.json"
        write_atomically(path, json.dumps(grant._asdict(), ensure_ascii=False).encode())

    def drop(self, grant: Grant) -> None:
        """Write down that an account is open no more. Raise OSError."""
        (self.folder / f"{grant.account}.json").unlink()


def stamp(seconds: float) -> str:
    """Given an instant, return it as sshd and sudo have it: in UTC, whatever zone they run in."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(math.ceil(seconds)))


def write_rules(policy: Policy, grants: list[Grant]) -> bool:
    """Write the rules of sudo for what is open; return whether sudo itself ends them. Raise OSError."""
    if not policy.commands or not grants:
        with contextlib.suppress(FileNotFoundError):
            policy.rules.unlink()
        return True
    temporary = policy.rules.with_name(f".{policy.rules.name}.opspact")  # sudo reads no name with a dot
    problem = OSError()
    for ends in (True, False):  # not every sudo knows the end of a rule
        lines = [f"{each.account} ALL=(root) {rule(policy, each, ends=ends)}" for each in grants]
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "w") as file:
            file.write("\n".join([f"# Written by opspact while {policy.configuration['job']} is granted.", *lines, ""]))
            file.flush()
            os.fsync(file.fileno())
        try:
            run_program("visudo", "-cf", str(temporary))
        except OSError as error:
            problem = error
            continue
        temporary.rename(policy.rules)
        return ends
    temporary.unlink()
    raise problem


def rule(policy: Policy, grant: Grant, *, ends: bool) -> str:
    """Return what an account may run, each command with its end where sudo takes one."""
    option = f"NOTAFTER={stamp(grant.until)} " if ends else ""
    return ", ".join(f"{option}NOPASSWD: {command}" for command in policy.commands)


def since_start() -> float:
    """Return for how many seconds the host has been up, sleep included: no setting of the clock changes that."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def end_reason(policy: Policy, grant: Grant, now: float) -> str:
    """Return why a grant is over; empty: it is not. A clock that is wrong does not make it longer."""
    if grant.over:
        return grant.over
    if grant.account not in policy.people:
        return "the policy does not name the person any more"
    if now < grant.since - SLACK:
        return "the clock of the host is before the grant began"
    is_same_start = grant.boot == host_start()
    if now >= grant.until or (is_same_start and since_start() - grant.running >= grant.until - grant.since):
        return "its time was over"
    return ""


def host_start() -> str:
    """Return which start of the host this is; empty: unknown."""
    with contextlib.suppress(OSError):
        return BOOT.read_text(encoding="ascii").strip()
    return ""
