"""How a host is reached: its inventory variables, read as Ansible's ssh connection reads them, as a command line.

Comes in: hosts of the inventory. Goes out: the arguments of one OpenSSH client (or of a local shell) per host, or
Refused with everything wrong in every host.

Paths in variables (keys, known_hosts) mean what they mean to ssh and to Ansible: `~` is the operator's home, a relative
one starts at the current directory.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.model.inventory.host import Host
from opspact.structs import Struct
from opspact.values.secret import Secret

CODE = "OP150"
"""The code of every problem with a connection variable."""


class Settings(Struct):
    """How long to wait (seconds), how many at once, how much to take in (bytes).

    `login_timeout` runs from the start of ssh to a root shell. `become_password` goes to `sudo -S` by standard input.
    `shut_out_patience`: how long a host is tried again whose sshd shuts our address out after somebody's failed logins.
    """

    connect_timeout: int = 10
    login_timeout: float = 40.0
    shut_out_patience: float = 60.0
    keepalive: int = 5
    keepalives_missed: int = 3
    closing_timeout: float = 2.0
    parallel: int = 64
    output_limit: int = 64 * 1024 * 1024
    become_password: Secret | None = None


class Connection(Struct):
    """One host's way in. `client` starts ssh up to and without the remote command; empty: a shell on this machine."""

    host: str
    client: tuple[str, ...]
    become: bool


# Every option that would take the channel away from us, whatever the user's ssh_config says for people at a keyboard.
_OURS = ("-T", "-o", "BatchMode=yes", "-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes")
_PASSWORDS = {"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}
_BECOME_PASSWORDS = {"ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"}
# The variables of Ansible's ssh connection, in its order: a later one wins.
_ADDRESS = ("ansible_ssh_host", "ansible_host")
_PORT = ("ansible_ssh_port", "ansible_port")
_USER = ("ansible_ssh_user", "ansible_user")
_KEY = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_BECOME = ("ansible_become",)
_EXPECTED = {
    **dict.fromkeys(_ADDRESS, "a host's name or address"),
    **dict.fromkeys(_PORT, "a port number"),
    **dict.fromkeys(_USER, "a user's name"),
    **dict.fromkeys(_BECOME, "true or false"),
}
_READ = (*_ADDRESS, *_PORT, *_USER, *_KEY, *_ARGUMENTS, *_BECOME)
_ONE_MEANING: Mapping[str, tuple[str, ...]] = {
    "ansible_connection": ("ssh", "smart", "local", "ansible.builtin.ssh", "ansible.builtin.local", "mitogen_ssh"),
    "ansible_become_method": ("sudo", "ansible.builtin.sudo"),
    "ansible_become_user": ("root",),
}
_TRUE = {"yes", "true", "on", "1", "y", "t"}
_FALSE = {"no", "false", "off", "0", "n", "f"}
_LOCAL = {"local", "ansible.builtin.local"}


def connections(hosts: Iterable[Host], settings: Settings) -> dict[str, Connection]:
    """Given hosts, return how each is reached, by name. Raise Refused with every variable that cannot be followed."""
    hosts = tuple(hosts)
    if problems := [problem for host in hosts for problem in _problems(host)]:
        raise Refused("connection variables in the inventory are not valid", problems)
    return {host.name: _connection(host, settings) for host in hosts}


def _problems(host: Host) -> Iterator[Problem]:
    """Yield what is wrong with a host's connection variables."""
    for name in sorted((_PASSWORDS | _BECOME_PASSWORDS) & host.variables.keys()):
        hint = "use --become-password secret:vault:NAME or --ask-become-pass"
        hint = hint if name in _BECOME_PASSWORDS else "use an SSH key"
        yield _problem(host, name, ("passwords in the inventory are not supported", hint))
    for name in (*_READ, *_ONE_MEANING):
        value = host.variables.get(name)
        if value is not None and (refusal := _refusal(name, value)):
            yield _problem(host, name, refusal)


def _problem(host: Host, variable: str, refusal: tuple[str, str]) -> Problem:
    """Return a problem with one variable of one host; a refusal is a message and a hint."""
    message, hint = refusal
    return Problem(CODE, Place("inventory"), message, where=f"{host.name}.{variable}", hint=hint)


def _refusal(name: str, value: object) -> tuple[str, str] | None:
    """Return why a variable's value cannot be followed, and a hint; None when it can."""
    if not isinstance(value, str | int):
        return f"expected plain text, got {type(value).__name__}", "use plain text"
    text = str(value)
    if "{{" in text or "{%" in text:
        return "templates are not supported", "use the value itself"
    if name in _ONE_MEANING and text not in _ONE_MEANING[name]:
        return f'"{text}" is not supported', "supported: " + ", ".join(_ONE_MEANING[name])
    if name in _ARGUMENTS:
        return _unbalanced(text)
    return None if _fits(name, text) else (f'expected {_EXPECTED[name]}, got "{text}"', "")


def _fits(name: str, text: str) -> bool:
    """Return whether a value has the form that its variable needs."""
    if name in _PORT:
        return text.isdecimal()
    if name in _BECOME:
        return text.lower() in _TRUE | _FALSE
    return name not in _ADDRESS + _USER or not (text.startswith("-") or any(map(str.isspace, text)))


def _unbalanced(text: str) -> tuple[str, str] | None:
    """Return why ssh arguments cannot be split into words; None when they can."""
    try:
        shlex.split(text)
    except ValueError as error:
        return f"cannot be split into arguments: {error}", "quote as for a shell"
    return None


def _connection(host: Host, settings: Settings) -> Connection:
    """Return a host's connection; its variables are known to be in order."""
    become = _text(host, _BECOME).lower() not in _FALSE
    if host.variables.get("ansible_connection") in _LOCAL:
        return Connection(host.name, (), become)
    client = ["ssh", *_OURS]
    for variable in _ARGUMENTS:
        client += map(_at_home, shlex.split(_text(host, (variable,))))
    if key := _text(host, _KEY):
        client += ["-i", _at_home(key)]
    if port := _text(host, _PORT):
        client += ["-p", port]
    client += ["-l", user] if (user := _text(host, _USER)) else []
    # ssh takes the first value it meets, so the host's own arguments above win over these.
    client += ["-o", f"ConnectTimeout={settings.connect_timeout}"]
    client += ["-o", f"ServerAliveInterval={settings.keepalive}"]
    client += ["-o", f"ServerAliveCountMax={settings.keepalives_missed}"]
    return Connection(host.name, (*client, "--", _text(host, _ADDRESS) or host.name), become)


def address_of(host: Host) -> str:
    """Given a host, return where it is reached, with a port of its own named: `198.51.100.9 port 2222`."""
    if host.variables.get("ansible_connection") in _LOCAL:
        return "this machine"
    port = _text(host, _PORT)
    return (_text(host, _ADDRESS) or host.name) + (f" port {port}" if port else "")


def connection_details(host: Host) -> dict[str, str]:
    """Given a host, return how it is reached, for people to find it again: `address`, and `user` where one is named.

    Never a password, a key or an argument of ssh.
    """
    user = _text(host, _USER)
    return {"address": address_of(host)} | ({"user": user} if user else {})


def _text(host: Host, names: tuple[str, ...]) -> str:
    """Return the value of the last of these variables that is set, as text; empty when none is."""
    values = [host.variables[name] for name in names if host.variables.get(name) is not None]
    return str(values[-1]) if values else ""


def _at_home(word: str) -> str:
    """Return a path with `~` expanded; other words as they are."""
    return str(Path(word).expanduser()) if word.startswith("~") else word
