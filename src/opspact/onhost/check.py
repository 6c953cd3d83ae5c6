"""What the checks of an inspection share: results, limits, and commands that are asked.

Comes in: values and limits, command lines. Goes out: results of items, outputs. Part of the program `inspection`.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

from opspact.onhost.spool import CannotRun

Item = dict[str, Any]
Result = dict[str, Any]
WORST_LAST = ("ok", "warning", "unknown", "critical")
PATIENCE = 20.0  # seconds for a command that should answer at once
SHOWN = 20  # what is named in one message
ENGLISH = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}


class CannotCheck(CannotRun):
    """An item cannot be looked at, and becomes unknown; `status` is that of the command which failed."""


def run(*command: str) -> str:
    """Return the command's output, in plain English. Raise CannotCheck when it is not there, fails or does not end."""
    try:
        done = subprocess.run(
            command, cwd="/", env=ENGLISH, capture_output=True, errors="replace", check=False, timeout=PATIENCE
        )
    except FileNotFoundError as error:
        raise CannotCheck(f"the program {command[0]} is not on this host") from error
    except subprocess.TimeoutExpired as error:
        raise CannotCheck(f"{command[0]} did not answer within {PATIENCE:g} s") from error
    if done.returncode != 0:
        reason = " ".join((done.stderr or done.stdout or f"exit status {done.returncode}").split())
        raise CannotCheck(f"{command[0]}: {reason[:300].rstrip('.?')}", done.returncode)
    return done.stdout


def result_of(
    item: str, verdict: str, message: str, *, value: object = None, unit: str = "", **limits: object
) -> Result:
    """Return one item's result."""
    return {"item": item, "verdict": verdict, "value": value, "unit": unit, "message": message, "limits": limits}


def judge(item: str, message: str, *, value: float, unit: str, limits: Item) -> Result:
    """Given a value and `warn` and `critical` limits (either may be missing), return the item's result."""
    said = {name: limits[name] for name in ("warn", "critical", "full_within") if limits.get(name) is not None}
    verdict = "warning" if value >= said.get("warn", value + 1) else "ok"
    verdict = "critical" if value >= said.get("critical", value + 1) else verdict
    return result_of(item, verdict, message, value=value, unit=unit, **said)
