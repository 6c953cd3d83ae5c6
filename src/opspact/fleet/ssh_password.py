"""A password for ssh, which takes it from no command line and no file: from a program that it calls (SSH_ASKPASS).

Comes in: the password. Goes out: the environment in which ssh finds it. Program and password are files in memory of
this process. ssh closes what it inherits, so they are named by their place in /proc; they end with this process.

Each ssh is given it once. It would ask up to three times for each method that a server offers, and takes no answer for
an empty password, which counts as a failure, too: some servers lock an account after a few. So one that asks again is
ended. Options cannot say this: the ssh that goes to a jump host does not inherit them.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opspact.model import names
from opspact.values.secret import Secret

# A host's key is never accepted this way, nor a passphrase taken for the password. A number is used by other processes
# later: the time when it began tells them apart.
_PROGRAM = """\
#!/bin/sh
[ -z "$SSH_ASKPASS_PROMPT" ] || exit 1
case $1 in *yes/no* | *[Pp]assphrase* | *PIN*) exit 1 ;; esac
read -r process <"/proc/$PPID/stat" && set -- $process || exit
if grep -qxF "$1 ${{22}}" {given}; then
  echo 'Permission denied (password).' >&2
  kill "$1"
else
  echo "$1 ${{22}}" >>{given} && exec cat {password}
fi
"""


@contextmanager
def password_environment(password: Secret | None) -> Iterator[Mapping[str, str]]:
    """Given a password, yield the variables by which ssh gets it, as long as this lasts; None: there are none."""
    if password is None:
        yield {}
        return
    held: list[int] = []
    try:
        place, given = _in_memory(password.reveal(), held), _in_memory("", held)
        program = _in_memory(_PROGRAM.format(password=place, given=given), held)
        yield {"SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"}
    finally:
        for handle in held:
            os.close(handle)


def _in_memory(text: str, held: list[int]) -> str:
    """Write a text to a new file in memory, and return its path. What is open for writing cannot be executed."""
    written = os.memfd_create(names.SECRETS_MEMORY, os.MFD_CLOEXEC)
    try:
        os.write(written, text.encode("utf-8", "surrogateescape"))
        held.append(os.open(f"/proc/self/fd/{written}", os.O_RDONLY | os.O_CLOEXEC))
    finally:
        os.close(written)
    return f"/proc/{os.getpid()}/fd/{held[-1]}"
