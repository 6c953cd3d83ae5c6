"""Which key lets this machine in to a host: asked of ssh itself, which alone knows.

Comes in: the client of a connection. Goes out: fingerprints (`SHA256:…`). Each question is a login.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from opspact.errors import OperationFailed
from opspact.fleet.failures import quoted

_ACCEPTED = re.compile(rb"^debug1: Server accepts key: (.*) \S+ (SHA256:[A-Za-z0-9+/]+)", re.MULTILINE)
_LOGGED_IN = re.compile(rb'^Authenticated to .* using "(\w+)"', re.MULTILINE)
# The first value counts for ssh: a shared connection would not log in again.
_AFRESH = ("-v", "-o", "ControlMaster=no", "-o", "ControlPath=none")
_KEYS_ONLY = ("-o", "BatchMode=yes")  # no password is asked for
_MOST_KEYS = 8
"""So many other keys are tried at most."""
_AT_ONCE = 4
"""So many keys are offered in one login. sshd allows 6 tries in one (MaxAuthTries); OpenSSH 10 shuts our address out
after the third login that fails (PerSourcePenalties), so a login for each key is no way to ask."""
_SECONDS = 40.0


class LoginFailed(OperationFailed):
    """A login that was tried did not get in; the session that is open is not touched by that."""


def accepted_key(client: tuple[str, ...], environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """Given a client, and what its environment holds besides ours, log in once more; return the key that was accepted.

    It is empty where none was needed.

    Raise LoginFailed when this login does not get in.
    """
    return _log_in(client, (), environment)[1]


def other_keys(client: tuple[str, ...], *, accepted: str) -> frozenset[str]:
    """Given a client and the key that is accepted, return which of the other keys of this machine let it in as well.

    Raise LoginFailed when OpenSSH's own programs cannot be asked which keys there are.
    """
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        left = list(_key_files(client, Path(folder)))[:_MOST_KEYS]
        while offered := left[:_AT_ONCE]:
            options = ("-o", "IdentitiesOnly=yes", *(word for path in offered for word in ("-i", str(path))))
            try:
                path, key = _log_in(client, (*_KEYS_ONLY, *options))
            except LoginFailed:
                path, key = Path(), ""
            found.add(key)
            left = [one for one in left if one != path] if path in offered else left[len(offered) :]
    return frozenset(found - {accepted, ""})


def _log_in(
    client: tuple[str, ...], options: tuple[str, ...], environment: Mapping[str, str] = MappingProxyType({})
) -> tuple[Path, str]:
    """Given a client and options before its own, log in; return the accepted key's file and fingerprint.

    Both are empty where no key was needed. Raise LoginFailed.
    """
    said = _started([client[0], *_AFRESH, *options, *client[1:], "exit"], environment).stderr
    method = _LOGGED_IN.search(said)
    if method is None:
        raise LoginFailed(f"another login is refused: {quoted(said)}")
    keys = _ACCEPTED.findall(said)
    if method[1] != b"publickey" or not keys:
        return Path(), ""
    path, key = keys[-1]
    return Path(os.fsdecode(path)), key.decode()


def _key_files(client: tuple[str, ...], folder: Path) -> Iterator[Path]:
    """Yield the keys that ssh may offer, each as a file: those that it is configured with, and those of the agent."""
    configured = _started([client[0], "-G", *client[1:]])
    for line in configured.stdout.decode("utf-8", "replace").splitlines():
        word, _, path = line.partition(" ")
        if word == "identityfile" and (file := Path(path).expanduser()).is_file():
            yield file
    agent = _started(["ssh-add", "-L"])
    for number, key in enumerate(agent.stdout.splitlines() if agent.returncode == 0 else ()):
        public = folder / f"{number}.pub"
        public.write_bytes(key + b"\n")
        yield public


def _started(
    command: list[str], environment: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program of OpenSSH's here. Raise LoginFailed when it is not there or does not end."""
    given = {**os.environ, **environment}
    try:
        return subprocess.run(
            command, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL, env=given
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoginFailed(f"another login is not possible: {error}") from error
