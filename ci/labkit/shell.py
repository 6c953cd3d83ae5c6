"""Programs started and waited for.

In: argument lists. Out: exit code, output and errors as text.
"""

import subprocess
from collections.abc import Sequence
from typing import NamedTuple

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """The lab cannot do what was asked; the message says why, in words."""


class Result(NamedTuple):
    """What a program left behind: its exit code (128 + n after a signal), its output and its errors."""

    rc: int
    out: str
    err: str


def attempt(command: Sequence[str], *, stdin: str = "", timeout: float = 120) -> Result:
    """Given a command, run it to its end and return what it left; after `timeout` seconds end it and return rc 124."""
    try:
        done = subprocess.run(
            list(command), input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as late:
        return Result(124, _text(late.stdout), f"{_text(late.stderr)}no end within {timeout:g} s")
    return Result(done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout, done.stderr)


def demand(command: Sequence[str], *, stdin: str = "", timeout: float = 120) -> str:
    """Given a command that must succeed, return its output. Raise `LabError` with its own words when it fails."""
    result = attempt(command, stdin=stdin, timeout=timeout)
    if result.rc != 0:
        words = (result.err or result.out).strip() or "(it said nothing)"
        raise LabError(f"{' '.join(command)}: exit code {result.rc}: {words}")
    return result.out


def _text(raw: bytes | str | None) -> str:
    if isinstance(raw, bytes):
        return raw.decode(errors="replace")
    return raw or ""
