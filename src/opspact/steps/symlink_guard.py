"""Whether a path leads through a symbolic link that somebody other than root may have put there.

In: a path. Out: the task that refuses to act then (`onhost.path` finds out). Why, and what remains possible:
docs/decisions/0007-other-peoples-folders.md.
"""

from posixpath import dirname

from opspact.model import names
from opspact.steps.base import Task
from opspact.steps.host_program import PATH

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
    return (PATH.check_task(f"Check that the path to {path} is root's alone", "guard", path),)
