"""One opspact at a time on each host: a lock on the host, held by a session's shell and freed by the kernel with it.

Comes in: who wants it. Goes out: shell commands for the session's own shell. Used by `session`; rollout makes the
holder's line.
"""

import getpass
import os
import socket
from datetime import datetime

HOLDER = "/run/opspact.lock"
BUSY = 75  # EX_TEMPFAIL of sysexits.h
FREE = "exec 9>&-"
"""Gives the lock back. No command that the session runs inherits descriptor 9."""


def taking(holder: str) -> str:
    """Given the holder's line as one word of the shell, return the command that takes the lock.

    Its exit status is BUSY when another has it. The file is opened in a subshell first, because a shell dies of a
    redirection that fails in `exec`.
    """
    locked = f"flock -n -E {BUSY} 9 && printf '%s\\n' {holder} >{HOLDER}"
    return f"if (: 9>>{HOLDER}); then exec 9>>{HOLDER}; {locked} || (exit $?); else (exit 1); fi"


def holder(now: datetime) -> str:
    """Given the time, return the line that tells others who holds the lock: person, machine, process, since when."""
    return f"{getpass.getuser()} on {socket.gethostname()}, process {os.getpid()}, since {now:%Y-%m-%dT%H:%M:%SZ}"
