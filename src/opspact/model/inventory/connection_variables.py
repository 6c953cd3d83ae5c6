"""The variables that say how a host is reached: Ansible's, read as its ssh connection reads them, and our own.

Comes in: hosts of the inventory. Goes out: values, and what of them cannot be followed.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from opspact.model.inventory import own_variables
from opspact.model.inventory.host import Host
from opspact.model.inventory.own_variables import SERVER_ADDRESS
from opspact.structs import Struct
from opspact.text.suggestions import nearest
from opspact.text.unicode import escaped

_PASSWORDS = {"ansible_password", "ansible_ssh_pass", "ansible_ssh_password"}
_BECOME_PASSWORDS = {"ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"}
# The variables of Ansible's ssh connection, in its order: a later one wins.
ADDRESS = ("ansible_ssh_host", "ansible_host")
PORT = ("ansible_ssh_port", "ansible_port")
USER = ("ansible_ssh_user", "ansible_user")
KEY = ("ansible_private_key_file", "ansible_ssh_private_key_file")
ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
BECOME = ("ansible_become",)
_EXPECTED = {
    **dict.fromkeys((*ADDRESS, SERVER_ADDRESS), "a host's name or address"),
    **dict.fromkeys(PORT, "a port number"),
    **dict.fromkeys(USER, "a user's name"),
    **dict.fromkeys(BECOME, "true or false"),
}
_READ = (*ADDRESS, SERVER_ADDRESS, *PORT, *USER, *KEY, *ARGUMENTS, *BECOME)
_ONE_MEANING: Mapping[str, tuple[str, ...]] = {
    "ansible_connection": ("ssh", "smart", "local", "ansible.builtin.ssh", "ansible.builtin.local", "mitogen_ssh"),
    "ansible_become_method": ("sudo", "ansible.builtin.sudo"),
    "ansible_become_user": ("root",),
}
_PREFIX = "ansible_"
_NAMES = {*_READ, *_ONE_MEANING, *_PASSWORDS, *_BECOME_PASSWORDS, "ansible_python_interpreter"}
_ALSO_READ = {"ansible_become_exe", "ansible_become_flags", "ansible_collections"}
_OTHER_CONNECTIONS = ("local_", "paramiko_", "psrp_", "runas_", "scp_", "sftp_", "su_", "sudo_", "winrm_")
_IN_URL = re.compile(r"[\w.:%\[\]-]+")
"""What an address may consist of that becomes a part of a repository's URL."""
_WITH_PORT = re.compile(r"[^:]+:[0-9]+|\[.*\]:[0-9]+")
_HIGHEST_PORT = 65535
_LONGEST_PORT = 5
_TRUE = {"yes", "true", "on", "1", "y", "t"}
FALSE = {"no", "false", "off", "0", "n", "f"}
_LOCAL = {"local", "ansible.builtin.local"}


class VariableRefusal(Struct):
    """A variable that cannot be followed: why, and what to write instead (may be empty)."""

    variable: str
    message: str
    hint: str = ""


def refusals(host: Host) -> Iterator[VariableRefusal]:
    """Given a host, yield those of its connection variables that cannot be followed."""
    for name in sorted((_PASSWORDS | _BECOME_PASSWORDS) & host.variables.keys()):
        hint = "use --become-password secret:vault:NAME or --ask-become-pass"
        hint = hint if name in _BECOME_PASSWORDS else "use an SSH key, or --ssh-password secret:vault:NAME"
        yield VariableRefusal(name, "passwords in the inventory are not supported", hint)
    for name in (*_READ, *_ONE_MEANING):
        value = host.variables.get(name)
        if value is not None and (refusal := _refusal(name, value)):
            yield VariableRefusal(name, *refusal)


def nearest_variables(host: Host) -> Iterator[tuple[str, str]]:
    """Given a host, yield variables that nobody reads, each with the one of a connection or our own that was meant."""
    for name in host.variables:
        if meant := _ansible_name(name) or _own_name(name):
            yield name, meant


def is_local(host: Host) -> bool:
    """Given a host, return whether it is the machine on which opspact runs."""
    return host.variables.get("ansible_connection") in _LOCAL


def value_of(host: Host, variables: tuple[str, ...]) -> str:
    """Given a host and variables of one meaning, return the value of the last that is set, as text; empty: none is."""
    values = [host.variables[name] for name in variables if host.variables.get(name) is not None]
    return str(values[-1]) if values else ""


def followed(host: Host, variables: tuple[str, ...]) -> str:
    """Given a host and variables of one meaning, return their value as `value_of`, but nothing where it is refused."""
    given = [name for name in variables if host.variables.get(name) is not None]
    return value_of(host, variables) if given and _refusal(given[-1], host.variables[given[-1]]) is None else ""


def _ansible_name(name: str) -> str:
    """Return the connection variable that a name nearly is; empty: none, or it is one."""
    part = name.removeprefix(_PREFIX)
    if part == name or name in _NAMES | _ALSO_READ or part.startswith(_OTHER_CONNECTIONS):
        return ""
    near = nearest(part, (each.removeprefix(_PREFIX) for each in _NAMES))
    return f"{_PREFIX}{near}" if near is not None and abs(len(near) - len(part)) <= 1 else ""


def _own_name(name: str) -> str:
    """Return the variable of our own that a name nearly is; empty: none, or it is one."""
    prefix = own_variables.PREFIX
    if not name.startswith(prefix) or name in own_variables.NAMES:
        return ""
    near = nearest(name.removeprefix(prefix), (each.removeprefix(prefix) for each in own_variables.NAMES))
    return f"{prefix}{near}" if near else ""


def _refusal(name: str, value: object) -> tuple[str, str] | None:
    """Return why a variable's value cannot be followed, and a hint; None when it can."""
    if not isinstance(value, str | int):
        return f"expected plain text, got {type(value).__name__}", "use plain text"
    text = str(value)
    if "{{" in text or "{%" in text:
        return "templates are not supported", "use the value itself"
    if name in ARGUMENTS:
        return _unbalanced(text)
    if text != text.strip() and text.strip():
        return f'"{escaped(text)}" begins or ends with a space', f'use "{text.strip()}"'
    if name in _ONE_MEANING and text not in _ONE_MEANING[name]:
        return f'"{text}" is not supported', "supported: " + ", ".join(_ONE_MEANING[name])
    return None if _fits(name, text) else _not_expected(name, text)


def _not_expected(name: str, text: str) -> tuple[str, str]:
    is_with_port = name in (*ADDRESS, SERVER_ADDRESS) and _WITH_PORT.fullmatch(text)
    hint = "write the port into ansible_port" if is_with_port else ""
    return f'expected {_EXPECTED[name]}, got "{escaped(text)}"', hint


def _fits(name: str, text: str) -> bool:
    """Return whether a value has the form that its variable needs."""
    if name in PORT:
        return text.isdecimal() and len(text) <= _LONGEST_PORT and 0 < int(text) <= _HIGHEST_PORT
    if name in BECOME:
        return text.lower() in _TRUE | FALSE
    if name == SERVER_ADDRESS and text and not _IN_URL.fullmatch(text):
        return False
    if name in (*ADDRESS, SERVER_ADDRESS) and _WITH_PORT.fullmatch(text):
        return False
    return name not in (*ADDRESS, SERVER_ADDRESS, *USER) or not (text.startswith("-") or any(map(str.isspace, text)))


def _unbalanced(text: str) -> tuple[str, str] | None:
    """Return why ssh arguments cannot be split into words; None when they can."""
    try:
        shlex.split(text)
    except ValueError as error:
        return f"cannot be split into arguments: {error}", "quote as for a shell"
    return None
