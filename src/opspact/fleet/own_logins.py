"""Which accounts whoever is here has logged in by, as the kernel and sudo say it: a variable does not hide them.

Comes in: nothing. Goes out: names of accounts.
"""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
_NO_LOGIN = 2**32 - 1  # what audit says of processes that no login has started


def own_logins() -> tuple[str, ...]:
    """Return the accounts of this process: its own, the one that logged in before su or sudo, the one that sudo names.

    One that has no name here is left out.
    """
    names = (*map(_name, _numbers()), os.environ.get("SUDO_USER", ""))
    return tuple(dict.fromkeys(filter(None, names)))


def _numbers() -> Iterator[int]:
    yield os.getuid()
    try:
        login = int(_LOGIN.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without audit
        return
    if login != _NO_LOGIN:
        yield login


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return ""
