"""borg, as a client uses it: on a repository of its own on another host.

Comes in: a backup's settings, a command. Goes out: what borg says. Part of `backup`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import IO

from opspact.onhost.backup_failure import Facts, cause
from opspact.onhost.full_repository import WITHOUT_LOCK, needs_no_lock


class NoBackup(Exception):  # noqa: N818 - named after the decision
    """What was made is no backup; the message says why."""


def run_borg(
    configuration: Facts,
    *arguments: str,
    given: IO[bytes] | int | None = None,
    out: IO[bytes] | int | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run borg to its end, without questions. Raise OSError: it cannot be started.

    `given`: what it reads (nothing), `out`: where its output goes instead of to the caller; `folder`: where it runs.
    A full disk of the backup server, where borg's lock cannot be written, keeps nobody from reading.
    """
    done = run_once(configuration, *arguments, given=given, out=out, folder=folder)
    if done.returncode != 0 and needs_no_lock(arguments[0], done.stderr.decode("utf-8", "replace")):
        words = (arguments[0], WITHOUT_LOCK, *arguments[1:])
        return run_once(configuration, *words, given=given, out=out, folder=folder)
    return done


def run_once(
    configuration: Facts,
    *arguments: str,
    given: IO[bytes] | int | None,
    out: IO[bytes] | int | None,
    folder: Path | None,
) -> subprocess.CompletedProcess[bytes]:
    """Run borg once, as `run_borg` does."""
    return subprocess.run(
        ("borg", *arguments),
        cwd=folder,
        env={**os.environ, **configuration["environment"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        stdin=subprocess.DEVNULL if given is None else given,
        stdout=subprocess.PIPE if out is None else out,
        stderr=subprocess.PIPE,
        check=False,
    )


def borg(
    configuration: Facts, *arguments: str, given: IO[bytes] | int | None = None, out: IO[bytes] | int | None = None
) -> str:
    """Run borg and return its output. Raise NoBackup when it fails.

    `given`: what it reads, `out`: where its output goes instead.
    """
    try:
        done = run_borg(configuration, *arguments, given=given, out=out)
    except OSError as error:
        raise NoBackup(f"borg cannot be started: {error}") from error
    if done.returncode not in {0, 1}:
        said = done.stderr.decode("utf-8", "replace")
        reason = cause(said.splitlines(), configuration) or f"exit status {done.returncode}"
        raise NoBackup(f"borg {arguments[0]} failed: {reason}")
    return (done.stdout or b"").decode("utf-8", "replace")
