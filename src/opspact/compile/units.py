"""systemd units of scheduled jobs, as text.

Comes in: a job's name, what it runs and when. Goes out: the text of its service and its timer. Called by compile.jobs.
"""

from collections.abc import Sequence

_HEAD = "# Kept by opspact: change it in the contract's policies.\n"


def service_text(description: str, command: str, *, account: str = "root", low_priority: bool = False) -> str:
    """Given what it is and the command line that it runs once, return a service that a timer starts.

    `low_priority`: it gives way to the host's real work on processor and disk.
    """
    polite = "Nice=10\nIOSchedulingClass=best-effort\nIOSchedulingPriority=7\n" if low_priority else ""
    return (
        f"{_HEAD}[Unit]\nDescription={description}\n\n"
        f"[Service]\nType=oneshot\nUser={account}\nExecStart={command}\n"
        f"UMask=0077\nNoNewPrivileges={'no' if account == 'root' else 'yes'}\nPrivateTmp=yes\n{polite}"
    )


def timer_text(description: str, calendar: Sequence[str]) -> str:
    """Given what it is and the values of its `OnCalendar=` lines, return a timer.

    A run missed while the host was off is made up for when it is back; the second named is the second meant.
    """
    lines = "".join(f"OnCalendar={line}\n" for line in calendar)
    return (
        f"{_HEAD}[Unit]\nDescription={description}\n\n"
        f"[Timer]\n{lines}AccuracySec=1s\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
