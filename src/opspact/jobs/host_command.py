"""How an on-host program is run over a session, and what it means that it could not be.

In: a program's name and arguments. Out: a command for sh.
"""

import shlex

from opspact.model import names

ABSENT, NO_PYTHON = 66, 69
"""Exit statuses: the program is not on the host, or no Python is. EX_NOINPUT and EX_UNAVAILABLE of sysexits.h."""
PYTHON = "/usr/bin/python3"


def program_command(program: str, *words: str) -> str:
    """Given an on-host program's name and its arguments, return the command that runs it."""
    path = shlex.quote(names.program(program))
    run = shlex.join((PYTHON, "-I", names.program(program), *words))
    return f"[ -e {path} ] || exit {ABSENT}; [ -x {PYTHON} ] || exit {NO_PYTHON}; exec {run}"
