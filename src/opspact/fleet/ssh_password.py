"""A password for ssh, which takes it from no command line and no file: from a program that it calls (SSH_ASKPASS).

Comes in: the password. Goes out: the environment in which ssh finds it. Program and password are files in memory of
this process. ssh closes what it inherits, so both are named by their place in /proc; they end with this process.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opspact.model import names
from opspact.values.secret import Secret

# A host's key is never accepted this way, nor a passphrase taken for the password.
_PROGRAM = """\
#!/bin/sh
[ -z "$SSH_ASKPASS_PROMPT" ] || exit 1
case $1 in *yes/no* | *[Pp]assphrase* | *PIN*) exit 1 ;; esac
exec cat {place}
"""


@contextmanager
def password_environment(password: Secret | None) -> Iterator[Mapping[str, str]]:
    """Given a password, yield the variables by which ssh gets it, as long as this lasts; None: there are none."""
    if password is None:
        yield {}
        return
    held: list[int] = []
    try:
        place = _in_memory(password.reveal(), held)
        program = _in_memory(_PROGRAM.format(place=place), held)
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
