"""Whether sshd would still let a user in with another configuration: asked of the host's own.

In: a session, the user, a step that writes or removes a file of sshd's. Out: why it would not, empty where it would.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from shlex import quote

from opspact.fleet.failures import quoted
from opspact.fleet.framing import Completed
from opspact.fleet.session import Session, stored_input
from opspact.steps.base import Step
from opspact.steps.file import File

_FOLDER = "/etc/ssh/"
_SSHD = "/usr/sbin/sshd"
_REFUSED, _ABSENT = 65, 66  # EX_DATAERR and EX_NOINPUT of sysexits.h
# A copy without the host's keys, in which a file is another one or gone; only the places of `Include` lead into it.
_REHEARSAL = f"""\
set -e
copy=$(mktemp -d)
trap 'rm -rf -- "$copy"' EXIT
tar -C /etc/ssh --exclude 'ssh_host_*' -cf "$copy/.all" .
tar -C "$copy" -xf "$copy/.all"
rm -f -- "$copy/.all"
%s
find "$copy" -type f -exec sed -i "/^[[:space:]]*[Ii]nclude[[:space:]]/s#/etc/ssh/#$copy/#g" {{}} +
{_SSHD} -T -f "$copy/sshd_config" -C %s || exit {_REFUSED}
"""
_NO_ROOT = frozenset({"no", "forced-commands-only"})

Settings = Mapping[str, list[str]]
"""What `sshd -T` says: each setting in lower case, with the words of all its lines."""


def settings_refusal(session: Session, step: Step, *, user: str, groups: Iterable[str], made: bool) -> str:
    """Given a step below /etc/ssh and whether it is made or removed, return why sshd would refuse its user.

    Empty where it would not, where the present configuration seems to refuse the user as well, who is logged in, and
    where there is no OpenSSH server. What that cannot say of the present one is not taken for such a refusal.
    """
    (path,) = step.paths
    place = f'"$copy"/{quote(path.removeprefix(_FOLDER))}'
    connection = quote(f"user={user},host=localhost,addr=127.0.0.1")
    data = step.content.data if made and isinstance(step, File) else b""
    change = stored_input(place, data) if made and isinstance(step, File) else f"rm -f -- {place}"
    now = session.run(f"[ -e {_SSHD} ] || exit {_ABSENT}; exec {_SSHD} -T -C {connection}")
    if now.rc == _ABSENT:
        return ""
    then = session.run(_REHEARSAL % (change, connection), input=data)
    if then.rc != 0:
        words = "it is not known whom sshd would let in"
        if then.rc == _REFUSED:
            words = (
                "sshd would not start" if now.rc == 0 else "sshd cannot read its configuration, with or without this"
            )
        return f"{words}: {quoted(then.stderr) or f'exit status {then.rc}'}"
    known = set(_refusals(_settings(now), user, list(groups))) if now.rc == 0 else set()
    return next((why for why in _refusals(_settings(then), user, list(groups)) if why not in known), "")


def _settings(said: Completed) -> Settings:
    found: dict[str, list[str]] = {}
    for line in said.stdout.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).extend(value.split())
    return found


def _refusals(settings: Settings, user: str, groups: list[str]) -> Iterator[str]:
    """Yield what in sshd's settings keeps a user out who logs in with a key."""
    if settings.get("pubkeyauthentication") == ["no"]:
        yield "sshd would accept no keys"
    if user == "root" and not _NO_ROOT.isdisjoint(settings.get("permitrootlogin", ())):
        yield "sshd would not let root log in"
    if settings.get("authorizedkeysfile") == ["none"] and settings.get("authorizedkeyscommand", ["none"]) == ["none"]:
        yield "sshd would read no file of keys"
    methods = settings.get("authenticationmethods", ["any"])
    if not {"any", "publickey"} & set(methods):
        yield f"sshd would ask for more than a key (AuthenticationMethods {' '.join(methods)})"
    for name, members in (("users", [user]), ("groups", groups)):
        allowed, denied = settings.get(f"allow{name}", []), settings.get(f"deny{name}", [])
        if allowed and not _any_matches(allowed, members):
            yield f"sshd would not let {user} log in (Allow{name.capitalize()} {' '.join(allowed)})"
        if _any_matches(denied, members):
            yield f"sshd would not let {user} log in (Deny{name.capitalize()} {' '.join(denied)})"


def _any_matches(patterns: Iterable[str], members: Iterable[str]) -> bool:
    return any(fnmatchcase(member, pattern.partition("@")[0]) for pattern in patterns for member in members)
