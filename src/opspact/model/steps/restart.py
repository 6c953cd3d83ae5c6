"""Restarts that follow from state, not from «changed»: a unit must have started after the last change of its files.

Comes in: unit names and paths. Goes out: tasks, and the shell that tells whether a unit is older than its files.
Called by the file, link and unit kinds. Why: Ansible loses handlers after a failed task (ansible#9323).
"""

from collections.abc import Iterable
from shlex import quote

from opspact.model.steps.base import Task


def restart_without(unit: str, path: str) -> Task:
    """Given a unit that read a path, return the task that restarts it, if it runs, once the path is gone."""
    return Task(
        f"Restart {unit} without {path}",
        "ansible.builtin.command",
        {"argv": ["systemctl", "try-restart", unit]},
        {"changed_when": True},
    )


def started(unit: str) -> str:
    """Return the shell command that prints when the unit became active, as seconds since 1970; nothing if it is not.

    systemd prints local wall time; with TZ=UTC it has no doubtful zone names, on every systemd since 183.
    """
    show = f"TZ=UTC LC_ALL=C systemctl show --property=ActiveEnterTimestamp --value -- {quote(unit)}"
    return f'at=$({show}); test -z "$at" || TZ=UTC date -d "$at" +%s'


def newest(paths: Iterable[str]) -> str:
    """Return the shell command that prints the latest modification of the paths, as seconds since 1970."""
    return f"stat -c %Y -- {' '.join(map(quote, paths))} 2>/dev/null | sort -n | tail -n 1"
