"""What root may do in a directory of somebody else: read without following links, act with their rights only.

In: an account, its home, a script. Out: a task that runs the script as that account; what is in `~/.ssh`. Why:
docs/decisions/0007-other-peoples-folders.md.
"""

import json
from collections.abc import Mapping

from opspact.model import names
from opspact.steps.base import CheckedHost, Task
from opspact.steps.question import ask
from opspact.structs import Struct

_PATIENCE = 30  # seconds for a few lines in a home; whoever owns it can make any of it hang
_LARGEST = 1048576  # bytes that are read of a file of keys

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


# Every file is opened once, without following a link and without waiting, and judged by what was opened.
_ENTRIES = """
import json,os,pwd,stat,sys
home,account,largest=sys.argv[1],sys.argv[2],int(sys.argv[3])
types={stat.S_IFREG:"regular file",stat.S_IFDIR:"directory",stat.S_IFLNK:"symbolic link",stat.S_IFIFO:"pipe"}
quiet=os.O_RDONLY|os.O_NOFOLLOW|os.O_NONBLOCK|os.O_NOCTTY
def name(uid):
    try: return pwd.getpwuid(uid).pw_name
    except KeyError: return str(uid)
def about(seen):
    kind=types.get(stat.S_IFMT(seen.st_mode),"device")
    return {"type":kind,"owner":name(seen.st_uid),"mode":"%o"%stat.S_IMODE(seen.st_mode)}
def entry(name,folder):
    try: return os.stat(name,dir_fd=folder,follow_symlinks=False)
    except FileNotFoundError: return None
def file(name,folder):
    seen=entry(name,folder)
    if seen is None: return None
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid!=uid: return about(seen)
    one=os.open(name,quiet,dir_fd=folder)
    seen=os.fstat(one)
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid!=uid: return about(seen)
    data=b""
    while len(data)<=largest and (more:=os.read(one,largest)): data+=more
    if len(data)>largest: return about(seen)
    return {**about(seen),"lines":data.decode("utf-8","replace").split("\\n")}
try: uid=pwd.getpwnam(account).pw_uid
except KeyError: uid=None
found={".ssh":None,"authorized_keys":None,"authorized_keys2":None}
try: top=os.open(home,os.O_RDONLY|os.O_DIRECTORY)
except FileNotFoundError: top=None
seen=None if top is None else entry(".ssh",top)
if seen is not None:
    found[".ssh"]=about(seen)
    if stat.S_ISDIR(seen.st_mode):
        folder=os.open(".ssh",quiet|os.O_DIRECTORY,dir_fd=top)
        for one in ("authorized_keys","authorized_keys2"): found[one]=file(one,folder)
print(json.dumps(found))
"""


class HomeEntry(Struct):
    """What is at a path in a home. `lines`: of a regular file of the account's own; None: not to be read."""

    type: str
    owner: str
    mode: str
    lines: tuple[str, ...] | None = None


def ssh_entries(host: CheckedHost, home: str, account: str) -> Mapping[str, HomeEntry | None]:
    """Given a home and its account, return what is at `.ssh`, and in it at `authorized_keys` and `…keys2`.

    None: nothing is. What is behind a link, and what belongs to somebody else, is not read. Raise ValueError when the
    host cannot say.
    """
    words = (_ENTRIES, home, account, str(_LARGEST))
    outcome = ask(host, 'python3 -I -S -c "$@"', *words, failure=f"cannot read {home}/.ssh")
    match json.loads(outcome.stdout):
        case {".ssh": folder, "authorized_keys": first, "authorized_keys2": second}:
            found = {".ssh": folder, "authorized_keys": first, "authorized_keys2": second}
            return {name: _entry(seen) for name, seen in found.items()}
        case _:
            raise ValueError(f"cannot read {home}/.ssh: unexpected answer")


def _entry(seen: object) -> HomeEntry | None:
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
