"""What a plan may not take away: the login by which opspact itself is on a host.

In: how a run logged in there, the steps that would be made and removed. Out: what is refused, by identity. Why:
docs/decisions/0020-own-login.md.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.file import File
from opspact.steps.membership import Membership
from opspact.steps.package import Package
from opspact.steps.unit import Unit
from opspact.structs import Struct, field
from opspact.text.names import join_names

_BLOB = re.compile(r"(?:^|\s)(?:ssh|ecdsa|sk)-[\w@.-]+\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)")
_NO_SHELLS = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})
_SSH_UNITS = frozenset({"ssh.service", "sshd.service", "ssh.socket", "sshd.socket"})
SSHD = "/etc/ssh/"
"""Where sshd has its configuration."""
_THROUGH_IT = "this run logs in through it"
_SUDOERS = re.compile(r"/etc/sudoers(\.d/[^/]+)?")


class OwnLogin(Struct):
    """How a run is on a host: `user` logged in, and became root by sudo or not (`by_sudo`).

    `key`: the fingerprint of the key that was accepted (`SHA256:…`), empty where no key was needed. `other_keys`: those
    of the other keys that were tried and let in. `sudoers`: files that give sudo to the user, each with the
    names in it that do: `ops`, `%sudo`. `sshd`: by identity of a step, why sshd would not let the user in after it.
    """

    user: str
    by_sudo: bool = False
    key: str = ""
    other_keys: frozenset[str] = frozenset()
    sudoers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sshd: Mapping[str, str] = field(default_factory=dict)


def can_cut_login(step: Step) -> bool:
    """Return whether a step is of those whose change can keep somebody from logging in or from becoming root."""
    match step:
        case AuthorizedKeys() | Account() | ClosedAccount() | Membership():
            return True
        case Package():
            return step.name in {"sudo", "openssh-server"}
        case Unit():
            return step.name in _SSH_UNITS
        case _:
            return any(path.startswith(SSHD) or _SUDOERS.fullmatch(path) for path in step.paths)


def refusals(login: OwnLogin, *, made: Iterable[Step], removed: Iterable[Step]) -> dict[str, str]:
    """Given how a run is on a host and what it would make and remove there, return what is refused, by identity."""
    made, removed = list(made), list(removed)
    found = {step.identity: why for step in made for why in _by_making(login, step)}
    found |= {step.identity: why for step in removed for why in _by_removing(login, step)}
    rights: dict[str, list[str]] = {}
    for step, goes in (*((step, False) for step in made), *((step, True) for step in removed)):
        for path in _rights_lost(login, step, goes=goes):
            rights.setdefault(path, []).append(step.identity)
    if login.sudoers and login.sudoers.keys() <= rights.keys():
        why = f"this run logs in as {login.user} and becomes root by {join_names(sorted(rights))} alone"
        found |= {identity: f"{why}; log in with another account" for by in rights.values() for identity in by}
    return found


def fingerprint(key: str) -> str:
    """Given a line of authorized_keys, return its key's fingerprint as ssh prints it; empty: it holds no key."""
    found = _BLOB.search(key)
    if found is None:
        return ""
    digest = sha256(base64.b64decode(found[1] + "=" * (-len(found[1]) % 4))).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _by_making(login: OwnLogin, step: Step) -> Iterator[str]:
    match step:
        case AuthorizedKeys(account=login.user, exclusive=True):
            yield from _without_key(login, {fingerprint(key) for key in step.keys}, kept=True)
        case ClosedAccount(name=login.user):
            yield f"this run logs in as {login.user}; log in with another account"
        case Account(name=login.user) if step.shell in _NO_SHELLS:
            yield f"this run logs in as {login.user}, which would have no shell; log in with another account"
        case Unit() if step.name in _SSH_UNITS and not step.running:
            yield _THROUGH_IT
        case _:
            yield from filter(None, [login.sshd.get(step.identity)])


def _by_removing(login: OwnLogin, step: Step) -> Iterator[str]:
    match step:
        case AuthorizedKeys(account=login.user):
            yield from _without_key(login, {fingerprint(key) for key in step.keys}, kept=False)
        case Account(name=login.user):
            yield f"this run logs in as {login.user}; log in with another account"
        case Package(name="sudo") if login.by_sudo:
            yield "this run becomes root by sudo"
        case Package(name="openssh-server"):
            yield _THROUGH_IT
        case Unit() if step.name in _SSH_UNITS:
            yield _THROUGH_IT
        case _:
            yield from filter(None, [login.sshd.get(step.identity)])


def _rights_lost(login: OwnLogin, step: Step, *, goes: bool) -> Iterator[str]:
    """Yield the files by which the user can become root now, and could not any more after a step is made or removed."""
    for path, names in login.sudoers.items():
        if isinstance(step, Membership):
            if goes and step.account == login.user and names == {f"%{step.group}"}:
                yield path
        elif path in step.paths and (goes or not isinstance(step, File) or names.isdisjoint(_allowed(step))):
            yield path


def _allowed(step: File) -> set[str]:
    """Return whom a file of sudo's allows everything."""
    lines = (line.split() for line in step.content.data.decode("utf-8", "replace").splitlines())
    return {line[0] for line in lines if line and line[-1] == "ALL"}


def _without_key(login: OwnLogin, keys: set[str], *, kept: bool) -> Iterator[str]:
    """Yield why only these keys may not be kept, or may not be removed: no other one is known to let us in."""
    if login.key and (login.key in keys) is not kept and not any((key in keys) is kept for key in login.other_keys):
        yield (
            f"this run logs in as {login.user} with the key {login.key}, which would be removed; name the key in the "
            "policy, or log in with a key that stays"
        )
