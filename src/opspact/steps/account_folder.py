"""What root may do in a directory of somebody else: read without following links, act with their rights only.

In: an account, its home, a script. Out: a task that runs the script as that account; what is in `~/.ssh`. Why:
docs/decisions/0007-other-peoples-folders.md.
"""

from opspact.model import names
from opspact.steps.base import Task
from opspact.structs import Struct

_PATIENCE = 30  # seconds for a few lines in a home; whoever owns it can make any of it hang

NO_HOME = "'does not exist' not in opspact_home.stderr | default('')"
"""In a condition: whether runuser(1) found the account."""


def as_account(name: str, account: str, script: str, *, words: tuple[str, ...], stdin: str, **keywords: object) -> Task:
    """Given a task's name, an account and a script for sh, return the task that runs it with that account's rights.

    `words` are the script's arguments, `stdin` its input. It says `changed` when it changed something. `setsid`: no
    terminal of root's; `timeout`: a pipe in the place of a file holds nobody up.
    """
    run = ["setsid", "--wait", "timeout", "--kill-after=5", str(_PATIENCE), "runuser", "-u", account, "--"]
    return Task(
        name,
        "ansible.builtin.command",
        {"argv": [*run, "/bin/sh", "-c", script, "sh", *words], "stdin": stdin, "stdin_add_newline": False},
        {"register": "opspact_home", "changed_when": "'changed' in opspact_home.stdout | default('')", **keywords},
        in_loop={},
    )


PRIVATE_FOLDER = f"""\
set -eu; umask 077; cd -- "$1"
if [ ! -d .ssh ]; then mkdir .ssh; echo changed; fi
if [ "$(stat -c %a .ssh)" != 700 ]; then chmod 00700 .ssh; echo changed; fi
cd .ssh
new=$(mktemp {names.TEMPORARY}); trap 'rm -f -- "$new"' EXIT
"""
"""Makes `~/.ssh` of the home that is the first argument, goes there, and has an empty file `$new`."""

PUT_IN_PLACE = """\
if [ -h authorized_keys ] || [ ! -f authorized_keys ] || [ ! -O authorized_keys ] ||
  [ "$(stat -c %a authorized_keys)" != 600 ] || ! cmp -s "$new" authorized_keys
then mv -fT -- "$new" authorized_keys; echo changed; fi
"""
"""Puts `$new` in the place of `authorized_keys` in one move, unless that is the same already. No link is followed."""


class HomeEntry(Struct):
    """What is at a path in a home. `lines`: of a regular file of the account's own; None: not to be read."""

    type: str
    owner: str
    mode: str
    lines: tuple[str, ...] | None = None


def home_entry(seen: object) -> HomeEntry | None:
    """Given what a host says of a path, return it; None: nothing is there. Raise ValueError when it makes no sense."""
    match seen:
        case None:
            return None
        case {"type": str(type_), "owner": str(owner), "mode": str(mode), **rest}:
            match rest.get("lines"):
                case list(lines):
                    return HomeEntry(type_, owner, mode, tuple(map(str, lines)))
                case _:
                    return HomeEntry(type_, owner, mode)
        case _:
            raise ValueError("cannot read ~/.ssh: unexpected answer")
