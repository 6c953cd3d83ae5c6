"""What a plan may not take away: the login by which opspact itself is on a host.

In: how a run logged in there, the steps that would be made and removed. Out: what is refused, by identity. Why:
docs/decisions/0020-own-login.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.membership import Membership
from opspact.steps.package import Package
from opspact.steps.public_key import fingerprint
from opspact.steps.unit import Unit
from opspact.structs import Struct, field

_NO_SHELLS = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})
_SSH_UNITS = frozenset({"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"})
_SETTINGS = (
    *("/etc/ssh/", "/etc/sudoers", "/etc/sudo.conf", "/etc/pam.d/", "/etc/security/", "/etc/nsswitch.conf"),
    *("/etc/default/ssh", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/nologin"),
    *("/etc/group", "/etc/passwd", "/etc/shadow"),
)
_DEFINITION = re.compile(r"/systemd/system/(?:ssh|sshd)@?\.(?:service|socket)(?:\.d/|$)")
_HARMLESS = re.compile(
    r"(?:After|Before|CPU\w+|Description|Documentation|IO\w+|Nice|OOM\w+|Restart\w*|StartLimit\w+|TimeoutStop\w+|Wants)"
)
"""Settings of a unit with which it starts as without them."""
_NETWORK = "networking.service"  # others leave the addresses when they are stopped
_KEY_FILE = re.compile(r"/\.ssh/authorized_keys2?$")
_HOMES = ("/home", "/root")
_OTHERS_CAN_WRITE = 0o022
_THROUGH_IT = "this run logs in through it"
_HARMLESS_ALONE = "only settings of order, restarts, priority and the like are applied: do it by hand, with a console"


class OwnLogin(Struct):
    """How a run is on a host: `user` logged in, and became root by sudo or not (`by_sudo`).

    `key`: the fingerprint of the key that was accepted (`SHA256:…`), empty where no key was needed. `other_keys`: those
    of the other keys that were tried and let in. `key_files`: where sshd looks for keys of the user. `cut`: by identity
    of a step, why the user would not get in, or not become root, after it: as the host's own sshd and sudo say.
    """

    user: str
    by_sudo: bool = False
    key: str = ""
    other_keys: frozenset[str] = frozenset()
    key_files: frozenset[str] = frozenset()
    cut: Mapping[str, str] = field(default_factory=dict)


def can_cut_login(step: Step) -> bool:
    """Return whether a step is of those whose change can keep somebody from logging in or from becoming root."""
    match step:
        case AuthorizedKeys() | Account() | ClosedAccount() | EmergencyAccess() | Membership():
            return True
        case Package():
            return step.name in {"sudo", "openssh-server"}
        case Unit():
            return step.name in {*_SSH_UNITS, _NETWORK}
        case Directory():
            return is_setting(step) or step.path.startswith(_HOMES) or step.path.endswith("/.ssh")
        case _:
            return is_setting(step) or _defines_ssh(step) or any(map(_KEY_FILE.search, step.paths))


def is_setting(step: Step) -> bool:
    """Return whether a step writes or removes what sshd, sudo or PAM read: whether they still let in can be asked."""
    return any(path.startswith(_SETTINGS) for path in step.paths)


def refusals(login: OwnLogin, *, made: Iterable[Step], removed: Iterable[Step]) -> dict[str, str]:
    """Given how a run is on a host and what it would make and remove there, return what is refused, by identity."""
    found = {step.identity: why for step in made for why in _by_making(login, step)}
    found |= {step.identity: why for step in removed for why in _by_removing(login, step)}
    return {**found, **login.cut}


def _by_making(login: OwnLogin, step: Step) -> Iterator[str]:
    match step:
        case AuthorizedKeys(account=login.user, exclusive=True):
            yield from _without_key(login, {fingerprint(key) for key in step.keys}, kept=True)
        case File() if step.path in login.key_files:
            yield from _without_key(login, _keys_in(step), kept=True)
        case Directory() if any(path.startswith(f"{step.path}/") for path in login.key_files):
            yield from _untrusted(login, step)
        case ClosedAccount(name=login.user):
            yield f"this run logs in as {login.user}; log in with another account"
        case Account(name=login.user) if step.shell in _NO_SHELLS:
            yield f"this run logs in as {login.user}, which would have no shell; log in with another account"
        case Unit() if step.name in _SSH_UNITS and not (step.running and step.enabled):
            yield _THROUGH_IT
        case Unit(name=name, running=False) if name == _NETWORK:
            yield "the network of this host would end with it"
        case _ if _defines_ssh(step) and not _is_harmless(step):
            yield f"with it, the next start of ssh may not let this run in; {_HARMLESS_ALONE}"
        case _:
            pass


def _by_removing(login: OwnLogin, step: Step) -> Iterator[str]:
    match step:
        case AuthorizedKeys(account=login.user):
            yield from _without_key(login, {fingerprint(key) for key in step.keys}, kept=False)
        case File() if step.path in login.key_files:
            yield from _without_key(login, _keys_in(step), kept=False)
        case Account(name=login.user) | EmergencyAccess(account=login.user):
            yield f"this run logs in as {login.user}; log in with another account"
        case Package(name="sudo") if login.by_sudo:
            yield "this run becomes root by sudo"
        case Package(name="openssh-server"):
            yield _THROUGH_IT
        case Unit() if step.name in _SSH_UNITS:
            yield _THROUGH_IT
        case _ if _defines_ssh(step) and not _is_harmless(step):
            yield f"without it, the next start of ssh may not let this run in; {_HARMLESS_ALONE}"
        case _:
            pass


def _defines_ssh(step: Step) -> bool:
    """Whether a step writes or removes a definition of the unit of ssh, or a part of one."""
    return not isinstance(step, Directory) and any(map(_DEFINITION.search, step.paths))


def _is_harmless(step: Step) -> bool:
    """Whether it is a part that has no say in how ssh starts."""
    if not isinstance(step, File) or not step.path.endswith(".conf") or not step.content.data:
        return False
    lines = (line.strip() for line in step.content.data.decode("utf-8", "replace").splitlines())
    said = (line for line in lines if line and line[0] not in "#;[")
    return all(_HARMLESS.fullmatch(line.partition("=")[0].strip()) for line in said)


def _keys_in(step: File) -> set[str]:
    return {fingerprint(line) for line in step.content.data.decode("utf-8", "replace").splitlines()}


def _untrusted(login: OwnLogin, step: Directory) -> Iterator[str]:
    """Yield why sshd would trust no keys below a directory (sshd_config(5), StrictModes)."""
    if step.owner not in {"root", login.user} or int(step.mode, 8) & _OTHERS_CAN_WRITE:
        yield f"sshd would accept no keys below it: others than {login.user} could write to {step.path}"


def _without_key(login: OwnLogin, keys: set[str], *, kept: bool) -> Iterator[str]:
    """Yield why only these keys may not be kept, or may not be removed: no other one is known to let us in."""
    if login.key and (login.key in keys) is not kept and not any((key in keys) is kept for key in login.other_keys):
        yield (
            f"this run logs in as {login.user} with the key {login.key}, which would be removed; name the key in the "
            "policy, or log in with a key that stays"
        )
