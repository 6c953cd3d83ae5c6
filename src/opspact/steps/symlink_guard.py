"""Whether a path leads through a symbolic link that somebody other than root may have put there.

In: a path. Out: the shell that finds out, and the task that refuses to act then. Why, and what remains possible:
docs/decisions/0007-other-peoples-folders.md.
"""

from posixpath import dirname

from opspact.model import names
from opspact.steps.base import Task

UNSAFE_LINK = 7
"""The exit status of `guard_path` when a link on the path may be somebody else's; standard error says which."""

# A link counts when others than root can write to its directory. The last part of the path is the step's own business.
GUARD_SHELL = """\
guard_path() {
  at=; rest=${1#/}
  while [ "$rest" != "${rest#*/}" ]; do
    in=$at/; at=$at/${rest%%/*}; rest=${rest#*/}
    [ -h "$at" ] || continue
    others=$(find -L "$in" -maxdepth 0 \\( ! -user 0 -o -perm /022 \\) -print) || return 1
    [ -n "$others" ] || continue
    echo "$at is a symbolic link in a directory that others than root can write to: opspact does not follow it" >&2
    return 7
  done
}
"""
"""Defines `guard_path PATH` for sh: 0 when root may act there, UNSAFE_LINK, or 1 when nobody knows."""

_ROOTS_ALONE = frozenset(
    {
        *("/", "/etc", "/etc/sudoers.d", "/etc/systemd/system", "/opt", "/root", "/srv"),
        *("/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/var/lib"),
    }
)
_OURS = (f"{names.SETTINGS_FOLDER}/", f"{names.PROGRAM_FOLDER}/", f"{names.STATE_FOLDER}/")


def guard(path: str) -> tuple[Task, ...]:
    """Given a path, return the tasks that come before one that acts on it: none where Debian lets only root write."""
    if dirname(path) in _ROOTS_ALONE or path.startswith(_OURS):
        return ()
    return (
        Task(
            f"Check that the path to {path} is root's alone",
            "ansible.builtin.command",
            {"argv": ["/bin/sh", "-c", f'{GUARD_SHELL}guard_path "$1"', "sh", path]},
            {"changed_when": False, "check_mode": False},
        ),
    )
