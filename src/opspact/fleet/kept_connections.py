"""Connections that stay open for a minute, so that the next command logs in to its hosts at once: ssh's ControlMaster.

Comes in: a client's arguments. Goes out: the options by which ssh keeps its connection and uses the one that is kept.
The sockets lie beside the folders of runs, which are this user's alone. A connection is used again only with the same
arguments for the same host, and never to find out whether a login still works (`login_keys`).
"""

import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from opspact.errors import Refused
from opspact.fleet.run_folder import checked_base, default_base
from opspact.fleet.ssh_configuration import shares_connections
from opspact.structs import Struct

LIFETIME = 60
"""Seconds that a connection stays open after its last use; then ssh closes it by itself."""

_NAME = 16  # characters of a socket's name; with those that ssh appends while it makes it, the kernel's limit holds
_PATIENCE = 5.0
_SHARING = re.compile(r"^-[SM]|(?i:control(path|master|persist))")


class KeptConnection(Struct):
    """Where ssh keeps its connection to one host."""

    socket: Path

    @property
    def options(self) -> tuple[str, ...]:
        """The options of ssh that keep it, and use it while it is there."""
        return ("-o", "ControlMaster=auto", "-o", f"ControlPath={self.socket}", "-o", f"ControlPersist={LIFETIME}")

    @property
    def is_open(self) -> bool:
        """Whether one may be open."""
        return self.socket.is_socket()


def kept_connection(client: Sequence[str], folder: Path | None) -> KeptConnection | None:
    """Given a client's arguments and the directory for sockets, return where its connection is kept; None: nowhere.

    Arguments that say themselves how connections are shared are followed, and so is the user's ssh configuration.
    """
    if folder is None or not client or any(map(_SHARING.search, client)) or shares_connections(client):
        return None
    return KeptConnection(folder / sha256("\0".join(client).encode()).hexdigest()[:_NAME])


def close_after_use(client: Sequence[str]) -> None:
    """Given a client's arguments with those of `options`, have its connection close with the last session in it.

    What is changed on a host (the groups of an account) holds for later logins alone.
    """
    with suppress(OSError, subprocess.TimeoutExpired):  # it closes by itself in the end
        asked = [client[0], "-O", "stop", *client[1:]]
        subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE)


def socket_folder() -> Path | None:
    """Return the directory for sockets, made if need be; None when there is no place that is this user's alone."""
    try:
        folder = checked_base(default_base()) / "connections"
        folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, Refused):
        return None
    return None if set(str(folder)) & set("$% \t\"'\\") else folder  # these mean something to ssh
