"""What the checks of an inspection share: results, limits, and commands that are asked.

Comes in: values and limits, command lines. Goes out: results of items, outputs. Part of the program `inspection`.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Container, Mapping
from typing import Any

from opspact.onhost.spool import CannotRun

Item = dict[str, Any]
Result = dict[str, Any]
WORST_LAST = ("ok", "warning", "unknown", "critical")
PATIENCE = 20.0  # seconds for a command that should answer at once
SHOWN = 20  # what is named in one message
ENGLISH = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
SUBJECTS = ("subject", "mount", "name", "database", "url", "port")
LIMITS = ("warn", "critical", "recovers", "after", "full_within")


class CannotCheck(CannotRun):
    """An item cannot be looked at, and becomes unknown; `status` is that of the command which failed."""


def run(
    *command: str,
    account: str = "",
    patience: float = PATIENCE,
    environment: Mapping[str, str] | None = None,
    statuses: Container[int] = (0,),
) -> str:
    """Return the command's output, in plain English. Raise CannotCheck when it is not there, fails or does not end.

    `account`: who runs it, without a session of its own, which would be in the log as a login. `environment`: what its
    environment has besides. `statuses`: exit statuses with which it has not failed.
    """
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            cwd="/",
            env={**ENGLISH, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            errors="replace",
            check=False,
            timeout=patience,
            **_as_account(account),
        )
    except FileNotFoundError as error:
        raise CannotCheck(f"the program {command[0]} is not on this host") from error
    except subprocess.TimeoutExpired as error:
        raise CannotCheck(f"{command[0]} did not answer within {patience:g} s") from error
    if done.returncode not in statuses:
        reason = " ".join((done.stderr or done.stdout or f"exit status {done.returncode}").split())
        raise CannotCheck(f"{command[0]}: {reason[:300].rstrip('.?')}", done.returncode)
    return done.stdout


def _as_account(name: str) -> dict[str, Any]:
    """Return how a command is started as an account; nothing where that is whom we are."""
    if not name:
        return {}
    try:
        account = pwd.getpwnam(name)
    except KeyError as error:
        raise CannotCheck(f"there is no account {name}") from error
    if account.pw_uid == os.geteuid():
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": os.getgrouplist(name, account.pw_gid)}


def subject_of(item: Item) -> str:
    """Return what an item is about; nothing if it is about the host itself."""
    subject = next((str(item[key]) for key in SUBJECTS if key in item), "")
    return f"{item['cluster']}:{subject}" if item.get("cluster") else subject


def result_of(
    item: str, verdict: str, message: str, *, value: object = None, unit: str = "", **limits: object
) -> Result:
    """Return one item's result."""
    return {"item": item, "verdict": verdict, "value": value, "unit": unit, "message": message, "limits": limits}


def judge(item: str, message: str, *, value: float, unit: str, limits: Item) -> Result:
    """Given a value and `warn` and `critical` limits (either may be missing), return the item's result."""
    said = {name: limits[name] for name in LIMITS if limits.get(name) is not None}
    if said.get("after") == 1:
        del said["after"]
    verdict = "warning" if value >= said.get("warn", value + 1) else "ok"
    verdict = "critical" if value >= said.get("critical", value + 1) else verdict
    return result_of(item, verdict, message, value=value, unit=unit, **said)


def judge_below(item: str, message: str, *, value: float, unit: str, limits: Item) -> Result:
    """Given a value that gets worse as it falls, and its limits, return the item's result."""
    verdict = "warning" if value < limits.get("warn", value) else "ok"
    verdict = "critical" if value < limits.get("critical", value) else verdict
    return result_of(item, verdict, message, value=value, unit=unit, **limits)
