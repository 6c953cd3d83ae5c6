"""Which changes of a host can cut the connections to it, and what has to be saved to revert them there.

In: steps that are made and removed, all steps that the host is to have, the account that logs in. Out: paths and units.
Why: docs/decisions/0053-dead-mans-switch.md.
"""

import re
from collections.abc import Iterable, Iterator

from opspact.model import names
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit
from opspact.structs import Struct

_LOGIN = (
    *("/etc/ssh/", "/etc/default/ssh", "/etc/sudoers", "/etc/sudo.conf", "/etc/pam.d/", "/etc/security/"),
    *("/etc/nsswitch.conf", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/nologin"),
)
_NETWORK = (
    *("/etc/nftables", "/etc/iptables/", "/etc/ufw/", "/etc/default/ufw", "/etc/firewalld/", "/etc/ferm/"),
    *("/etc/shorewall", "/etc/fail2ban/", "/etc/network/", "/etc/netplan/", "/etc/systemd/network"),
    *("/etc/NetworkManager/", "/etc/resolv.conf", "/etc/systemd/resolved.conf", "/etc/iproute2/", "/etc/wireguard/"),
    *("/etc/sysctl.conf", "/etc/sysctl.d/"),
)
_LOGIN_UNITS = re.compile(r"(?:ssh|sshd)@?\.(?:service|socket)")
_NETWORK_UNITS = re.compile(
    r"(?:nftables|ufw|netfilter-persistent|iptables|ip6tables|firewalld|ferm|shorewall6?|fail2ban|networking|ifup@.+"
    r"|systemd-networkd|systemd-resolved|systemd-sysctl|NetworkManager|wg-quick@.+)\.(?:service|socket)"
)
_UNITS_OF_PACKAGES = {
    "firewalld": "firewalld.service",
    "fail2ban": "fail2ban.service",
    "iptables-persistent": "netfilter-persistent.service",
    "network-manager": "NetworkManager.service",
    "nftables": "nftables.service",
    "openssh-server": "ssh.service",
    "ufw": "ufw.service",
}
_DEFINITION = re.compile(r"/systemd/system/([^/]+\.(?:service|socket))(?:\.d/[^/]+\.conf)?$")
_KEYS = re.compile(r"/\.ssh(?:/authorized_keys2?)?$")
_PROGRAM = re.compile(
    r"^(?!\s*[#;]).*\b(?:nft|iptables|ip6tables|iptables-restore|ufw|sysctl|ifconfig|ifup|ifdown"
    r"|ip(?: -\S+)* (?:ro?u?t?e?|ru?l?e?|a(?:ddr(?:ess)?)?|l(?:ink)?|xfrm))\b",
    re.MULTILINE,
)
"""A line that runs a program of the network, in a script or in a unit's definition."""


class ConnectionChanges(Struct):
    """What can cut connections: paths and units as they have to be saved; `network`: what the kernel alone has, too."""

    paths: tuple[str, ...]
    units: tuple[str, ...]
    network: bool


def connection_changes(
    made: Iterable[Step], removed: Iterable[Step], *, wanted: Iterable[Step], user: str
) -> ConnectionChanges | None:
    """Given what is made and removed on a host, and all that is wanted there, return what can cut connections to it.

    `user` is the account that this run logs in with, empty: not known yet; keys of others do not count. None: nothing
    can.
    """
    steps = (*made, *removed)
    scripts = {path for step in (*steps, *wanted) for path in _scripts(step)}
    paths = list(dict.fromkeys(path for step in steps for path in _paths(step, scripts, user)))
    units = [step for step in steps if isinstance(step, Unit) and _carries(step, scripts)]
    found = [unit.name for unit in units]
    found += [step.name for step in wanted if isinstance(step, Unit) and set(step.paths_read) & set(paths)]
    found += [_UNITS_OF_PACKAGES[step.name] for step in steps if isinstance(step, Package) and _is_guarded(step)]
    found += [unit[1] for path in paths if (unit := _DEFINITION.search(path))]
    if not paths and not found:
        return None
    names_of_units = tuple(dict.fromkeys(found))
    is_network = any(path.startswith(_NETWORK) or path in scripts for path in paths) or any(
        not _LOGIN_UNITS.fullmatch(unit) for unit in names_of_units
    )
    # Its record says which content a unit has read: it must not say so of content that was reverted.
    return ConnectionChanges((*paths, *map(names.unit_record, names_of_units)), names_of_units, is_network)


def _paths(step: Step, scripts: set[str], user: str) -> Iterator[str]:
    """Yield the paths of a step that can cut connections."""
    match step:
        case AuthorizedKeys():
            yield from (step.path, step.other_path) if user in {"", step.account} else ()
        case File() | Link() | SecretFile() | Directory():
            unit = _DEFINITION.search(step.path)
            carries = unit is not None and _is_named(unit[1])
            listed = step.path.startswith((*_LOGIN, *_NETWORK)) or _KEYS.search(step.path)
            if listed or carries or step.path in scripts:
                yield step.path
        case _:
            pass


def _scripts(step: Step) -> Iterator[str]:
    """Yield the path of a script or of a unit's definition that runs programs of the network."""
    if isinstance(step, File):
        text = step.content.data.decode("utf-8", "replace")
        is_read = text.startswith("#!") or _DEFINITION.search(step.path)
        if step.path.endswith(".nft") or (
            is_read and (_PROGRAM.search(text) or text.partition("\n")[0].endswith("nft -f"))
        ):
            yield step.path


def _is_named(unit: str) -> bool:
    return bool(_LOGIN_UNITS.fullmatch(unit) or _NETWORK_UNITS.fullmatch(unit))


def _carries(unit: Unit, scripts: set[str]) -> bool:
    """Whether a unit carries connections by its name, or by what it reads."""
    return _is_named(unit.name) or bool(set(unit.paths_read) & scripts)


def _is_guarded(step: Package) -> bool:
    return step.name in _UNITS_OF_PACKAGES
