"""Whether somebody else leads the way to a path: a link that they may have put there.

Comes in: a path. Goes out: the shell that says so, and the task that refuses to act then. Why, and what remains
possible: docs/decisions/0007-other-peoples-folders.md.
"""

from posixpath import dirname

from opspact.model import names
from opspact.steps.base import Task

LED_ASTRAY = 7
"""The exit status of `CHECK` when a link on the way may be somebody else's; standard error has the words for it."""

# A link counts when others than root can write where it stands. The last part of the path is the step's own business.
CHECK = """\
on() {
  at=; rest=${1#/}
  while [ "$rest" != "${rest#*/}" ]; do
    in=$at/; at=$at/${rest%%/*}; rest=${rest#*/}
    if [ -h "$at" ] && [ -n "$(find -L "$in" -maxdepth 0 \\( ! -user 0 -o -perm /022 \\) -print)" ]; then
      echo "$at is a symbolic link where others than root can put one: opspact does not follow it" >&2
      return 7
    fi
  done
}
"""
"""Defines `on PATH` for sh: 0 when root may go there, else LED_ASTRAY."""

_ROOTS_ALONE = frozenset(
    {
        *("/", "/etc", "/etc/sudoers.d", "/etc/systemd/system", "/opt", "/root", "/srv"),
        *("/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/var/lib"),
    }
)
_OURS = (f"{names.SETTINGS_FOLDER}/", f"{names.PROGRAM_FOLDER}/", f"{names.STATE_FOLDER}/")


def guard(path: str) -> tuple[Task, ...]:
    """Given a path, return what must stand before a task that acts on it: none where only root can write, by Debian."""
    if dirname(path) in _ROOTS_ALONE or path.startswith(_OURS):
        return ()
    return (
        Task(
            f"See that nobody else leads the way to {path}",
            "ansible.builtin.command",
            {"argv": ["/bin/sh", "-c", f'{CHECK}on "$1"', "sh", path]},
            {"changed_when": False, "check_mode": False},
        ),
    )
