"""One opspact at a time on each host: a lock on the host, held by a session's shell and freed by the kernel with it.

Comes in: who wants it. Goes out: shell commands for the session's own shell.
"""

import getpass
import os
import re
import socket
from collections.abc import Mapping
from datetime import datetime

from opspact.model.names import HOST_LOCK

BUSY = 75  # EX_TEMPFAIL of sysexits.h
UNLOCK = "exec 9>&-"
"""Gives the lock back. No command that the session runs inherits descriptor 9."""


def lock_command(holder: str, overheard: str) -> str:
    """Given the holder's line and a random word, both as words of the shell, return the command that takes the lock.

    Its exit status is BUSY when another has it. The file is opened in a subshell first, because a shell dies of a
    redirection that fails in `exec`.
    """
    locked = f"flock -n -E {BUSY} 9 && printf '%s\\n' {holder} $$ {overheard} >{HOST_LOCK}"
    return f"if (: 9>>{HOST_LOCK}); then exec 9>>{HOST_LOCK}; {locked} || (exit $?); else (exit 1); fi"


RELEASE_STALE_LOCK = f"""
[ -s {HOST_LOCK} ] || sleep 0.3
{{ read -r holder; read -r pid; read -r word; }} <{HOST_LOCK}
printf '%s\\n' "$holder"
[ "/proc/$pid/fd/9" -ef {HOST_LOCK} ] || exit {BUSY}
said=$(printf %s "$word" | dd "of=/proc/$pid/fd/2" oflag=nonblock conv=notrunc status=none 2>&1)
case "$? $said" in
  '0 '*) ;;
  '141 '* | *'Broken pipe'*) kill -KILL "$pid" ;;
  *) exit {BUSY} ;;
esac
for attempt in 1 2 3 4 5 6 7 8; do sleep 0.25; flock -n {HOST_LOCK} true && exit; done
exit {BUSY}
"""
"""Says who holds the lock, and sends a word along the holder's own connection; exit status 0: the lock is free now.

A controller that vanished without a goodbye (a cut cable, a crash) leaves its shell and its lock behind until the
host's sshd notices, which without a word to send is after two hours. With one, the vanished one's machine refuses it.
A pipe that nobody reads any more (141: killed by SIGPIPE) says that the connection has ended already and the shell is
kept by a command that does not come back: it is ended.
"""


def holder(now: datetime, run: str = "") -> str:
    """Given the time, and a run, return the line that says who holds the lock.

    It says person, machine, process, run, since when, and the link of the pipeline where one runs this program.
    """
    who = f"{getpass.getuser()} on {socket.gethostname()}, process {os.getpid()}"
    parts = [who, f"run {run}" if run else "", f"since {now:%Y-%m-%dT%H:%M:%SZ}", job_link(os.environ)]
    return ", ".join(filter(None, parts))


_LINK = re.compile(r"https?://[!-?A-~]{1,200}")
"""No space, nothing beyond ASCII, and no `@`, before which a password could stand."""


def job_link(environment: Mapping[str, str]) -> str:
    """Given the environment, return the link of the GitLab or GitHub job that it describes; empty: of none."""
    link = environment.get("CI_JOB_URL", "")
    if not link and "GITEA_ACTIONS" not in environment:  # Gitea's runs have other links
        server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
        link = f"{server}/{repository}/actions/runs/{environment.get('GITHUB_RUN_ID', '')}"
    return link if _LINK.fullmatch(link) else ""
