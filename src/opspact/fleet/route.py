"""The way that ssh takes to a host, as ssh's own configuration says; and what stands at its end.

Comes in: a client's command line. Goes out: Route. Asked only when a host was not reached.
"""

import shlex
import socket
import subprocess
from collections.abc import Sequence

from opspact.structs import Struct

_PATIENCE = 5.0
_BANNER = 3.0  # seconds that sshd may take for its first line
_SHUT_OUT = b"Not allowed at this time"  # sshd.c since OpenSSH 9.8, in place of its banner


class Route(Struct):
    """`proxy` names the jump hosts, or the command that stands for them; empty: the host is reached directly.

    `user` is as whom ssh logs in; empty: it did not say.
    """

    host: str
    port: int = 22
    proxy: str = ""
    known_hosts: str = "~/.ssh/known_hosts"
    user: str = ""

    def host_key_commands(self) -> str:
        """Return the command that shows the fingerprint of the host's key, and the one that makes it known."""
        port = "" if self.port == 22 else f"-p {self.port} "  # noqa: PLR2004 - ssh's own port
        scan = f"ssh-keyscan {port}{shlex.quote(self.host)}"
        if self.proxy:
            scan = f"ssh {self.proxy} {scan}" if _is_one_host(self.proxy) else f"{scan} (on the jump host)"
        return f"compare the fingerprint (`{scan} | ssh-keygen -lf -`), then add the key to {self.known_hosts}"

    def ends_at(self, address: str, port: str) -> bool:
        """Given where a host says that a connection has come in, return whether ssh goes there itself.

        A server between them has an address of its own. What lies behind a jump host is not known here: False.
        """
        if self.proxy or port != str(self.port):
            return False
        try:
            return address in {str(found[4][0]) for found in socket.getaddrinfo(self.host, self.port)}
        except OSError:
            return False


def route_of(client: Sequence[str]) -> Route:
    """Given a client's arguments up to the host's name, return its route; what ssh does not tell is left as it is."""
    if len(client) < 2:  # noqa: PLR2004 - a shell on this machine
        return Route("")
    program, *options, address = client
    try:
        asked = [program, "-G", *options, address]
        done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return Route(address)
    words = dict(line.partition(" ")[::2] for line in done.stdout.decode("utf-8", "replace").splitlines())
    port, proxy = words.get("port", ""), words.get("proxyjump") or words.get("proxycommand") or ""
    return Route(
        host=words.get("hostname", address),
        port=int(port) if port.isdecimal() else 22,
        proxy="" if proxy == "none" else proxy,
        known_hosts=words.get("userknownhostsfile", "~/.ssh/known_hosts").split(" ")[0],
        user=words.get("user", ""),
    )


def is_blocked(route: Route) -> bool:
    """Return whether the sshd at the end of a route shuts this machine's address out for a while (PerSourcePenalties).

    Only a host that is reached directly can be asked.
    """
    if route.proxy or not route.host:
        return False
    try:
        with socket.create_connection((route.host, route.port), timeout=_BANNER) as connection:
            return connection.recv(len(_SHUT_OUT)) == _SHUT_OUT
    except OSError:
        return False


def _is_one_host(proxy: str) -> bool:
    return not any(character in proxy for character in " ,")
