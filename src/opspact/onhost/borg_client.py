"""borg, as a client uses it: on a repository of its own on another host.

Comes in: a backup's settings, a command. Goes out: what borg says. Part of `backup`.
"""

from __future__ import annotations

import os
import subprocess
from typing import IO

from opspact.onhost.backup_failure import Facts, cause


class NoBackup(Exception):  # noqa: N818 - named after the decision
    """What was made is no backup; the message says why."""


def borg(configuration: Facts, *arguments: str, given: IO[bytes] | None = None, out: IO[bytes] | None = None) -> str:
    """Run borg without questions and return its output. Raise NoBackup when it fails.

    `given`: what it reads, `out`: where its output goes instead.
    """
    environment = {**os.environ, **configuration["environment"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        done = subprocess.run(
            ("borg", *arguments),
            env=environment,
            stdin=given,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise NoBackup(f"borg cannot be started: {error}") from error
    if done.returncode not in {0, 1}:
        said = done.stderr.decode("utf-8", "replace")
        reason = cause(said.splitlines(), configuration) or f"exit status {done.returncode}"
        raise NoBackup(f"borg {arguments[0]} failed: {reason}")
    return (done.stdout or b"").decode("utf-8", "replace")
