"""How a host is reached: its inventory variables, read as Ansible's ssh connection reads them, as a command line.

Comes in: hosts of the inventory. Goes out: the arguments of one OpenSSH client (or of a local shell) per host, or
Refused with everything wrong in every host.

Paths in variables (keys, known_hosts) mean what they mean to ssh and to Ansible: `~` is the operator's home, a relative
one starts at the current directory.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.fleet.kept_connections import KeptConnection, kept_connection, socket_folder
from opspact.model.inventory.connection_variables import (
    ADDRESS,
    ARGUMENTS,
    BECOME,
    FALSE,
    KEY,
    PORT,
    USER,
    VariableRefusal,
    is_local,
    refusals,
    value_of,
)
from opspact.model.inventory.host import Host
from opspact.structs import Struct, replace
from opspact.values.secret import Secret

CODE = "OP150"
"""The code of every problem with a connection variable."""


class Settings(Struct):
    """How long to wait (seconds), how many at once, how much to take in (bytes).

    `login_timeout` runs from the start of ssh to a root shell. `become_password` goes to `sudo -S` by standard input,
    `ssh_password` to ssh by `fleet.ssh_password`.
    `idle_notice`: after how long without use a lost connection is said to have been idle.
    `shut_out_patience`: how long a host is tried again whose sshd shuts our address out after somebody's failed logins.
    `keeps_connections`: they stay open for the next command; one that is kept must answer within `kept_timeout`.
    """

    connect_timeout: int = 10
    login_timeout: float = 40.0
    shut_out_patience: float = 60.0
    keepalive: int = 5
    keepalives_missed: int = 3
    closing_timeout: float = 2.0
    idle_notice: float = 60.0
    parallel: int = 64
    output_limit: int = 64 * 1024 * 1024
    become_password: Secret | None = None
    ssh_password: Secret | None = None
    keeps_connections: bool = False
    kept_timeout: float = 3.0


class Connection(Struct):
    """One host's way in. `client` starts ssh up to and without the remote command; empty: a shell on this machine.

    `kept`: where its connection stays open for the next command; None: it does not.
    """

    host: str
    client: tuple[str, ...]
    become: bool
    kept: KeptConnection | None = None

    def kept_client(self) -> tuple[str, ...]:
        """Return `client` with the options by which its connection is kept, and used again."""
        if self.kept is None:
            return self.client
        *options, end, address = self.client
        return (*options, *self.kept.options, end, address)

    def fresh(self) -> "Connection":
        """Return the same way in by a connection that is neither kept nor shared, whatever the user's options say."""
        if not self.client:
            return self
        *options, end, address = self.client
        return replace(self, client=(*options, *_UNSHARED, end, address), kept=None)


# Every option that would take the channel away from us, whatever the user's ssh_config says for people at a keyboard.
_OURS = ("-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes")
_UNSHARED = ("-o", "ControlMaster=no", "-S", "none")  # of `-S`, the last one counts
_NO_PASSWORD = ("-o", "BatchMode=yes")
_PASSWORD = ("-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1")


def connections(hosts: Iterable[Host], settings: Settings) -> dict[str, Connection]:
    """Given hosts, return how each is reached, by name. Raise Refused with every variable that cannot be followed."""
    hosts = tuple(hosts)
    if problems := [_problem(host, refusal) for host in hosts for refusal in refusals(host)]:
        raise Refused("connection variables in the inventory are not valid", problems)
    folder = socket_folder() if settings.keeps_connections else None
    found = (_connection(host, settings) for host in hosts)
    return {it.host: replace(it, kept=kept_connection(it.client, folder)) for it in found}


def _problem(host: Host, refusal: VariableRefusal) -> Problem:
    where = f"{host.name}.{refusal.variable}"
    return Problem(CODE, Place("inventory"), refusal.message, where=where, hint=refusal.hint)


def _connection(host: Host, settings: Settings) -> Connection:
    """Return a host's connection; its variables are known to be in order."""
    become = value_of(host, BECOME).lower() not in FALSE
    if is_local(host):
        return Connection(host.name, (), become)
    client = ["ssh", "-T", *(_PASSWORD if settings.ssh_password else _NO_PASSWORD), *_OURS]
    for variable in ARGUMENTS:
        client += map(_at_home, shlex.split(value_of(host, (variable,))))
    if key := value_of(host, KEY):
        client += ["-i", _at_home(key)]
    if port := value_of(host, PORT):
        client += ["-p", port]
    client += ["-l", user] if (user := value_of(host, USER)) else []
    # ssh takes the first value it meets, so the host's own arguments above win over these.
    client += ["-o", f"ConnectTimeout={settings.connect_timeout}"]
    client += ["-o", f"ServerAliveInterval={settings.keepalive}"]
    client += ["-o", f"ServerAliveCountMax={settings.keepalives_missed}"]
    # A connection that is there already would let in whoever gives a wrong one; the last of these options counts.
    client += ["-S", "none"] if settings.ssh_password else []
    return Connection(host.name, (*client, "--", value_of(host, ADDRESS) or host.name), become)


def address_of(host: Host) -> str:
    """Given a host, return where it is reached, with a port of its own named: `198.51.100.9 port 2222`."""
    if is_local(host):
        return "this machine"
    port = value_of(host, PORT)
    return (value_of(host, ADDRESS) or host.name) + (f" port {port}" if port else "")


def connection_details(host: Host) -> dict[str, str]:
    """Given a host, return how it is reached, for people to find it again: `address`, and `user` where one is named.

    Never a password, a key or an argument of ssh.
    """
    user = value_of(host, USER)
    return {"address": address_of(host)} | ({"user": user} if user else {})


def _at_home(word: str) -> str:
    """Return a path with `~` expanded; other words as they are."""
    return str(Path(word).expanduser()) if word.startswith("~") else word
