"""Restarts that follow from state, not from «changed»: a unit must have started after the last change of its files.

In: unit names and paths. Out: tasks, and the shell that prints which files are newer than their unit. Why: Ansible
loses handlers after a failed task (ansible#9323).
"""

from collections.abc import Iterable
from shlex import quote

from opspact.steps.base import Task


def restart_without(unit: str, path: str) -> Task:
    """Given a unit that read a path, return the task that restarts it, if it runs, once the path is gone."""
    name = quote(unit)
    script = f"if systemctl is-active --quiet -- {name}; then systemctl restart -- {name}; fi"
    return Task(
        f"Restart {unit} without {path}",
        "ansible.builtin.shell",
        {"cmd": script, "executable": "/bin/sh"},
        {"changed_when": True},
    )


def changed_since_start(unit: str, paths: Iterable[str]) -> str:
    """Given a unit and what it reads, return the shell that prints those paths that changed after it became active.

    systemd prints local wall time in seconds; with TZ=UTC it has no doubtful zone names. The change time (ctime) is
    compared, since no transfer can set it; a change within the second of the start counts as before it.
    """
    show = f"TZ=UTC LC_ALL=C systemctl show --property=ActiveEnterTimestamp --value -- {quote(unit)}"
    files = " ".join(map(quote, paths))
    find = f'find {files} -maxdepth 0 -newerct "@$(TZ=UTC date -d "$at" +%s).999999999" 2>/dev/null || true'
    return f'at=$({show}); if test -n "$at"; then {find}; fi'


RELOAD = "daemon-reload"
"""What `reload_needed` prints: a word, where changed files are absolute paths."""


def reload_needed(units: Iterable[str]) -> str:
    """Given units, return the shell that prints RELOAD when a definition has changed since systemd read it."""
    listed = " ".join(map(quote, units))
    answer = f"$(systemctl show --property=NeedDaemonReload --value -- {listed})"
    return f'case "{answer}" in *yes*) echo {RELOAD};; esac'
