"""Whether sshd would still let a user in with another configuration: asked of the host's own.

In: a session, the user, a step that writes or removes a file of sshd's. Out: why it would not, empty where it would.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from shlex import quote

from opspact.fleet.session import Session
from opspact.steps.base import Step
from opspact.steps.file import File

_FOLDER = "/etc/ssh/"
# A copy without the host's keys, in which a file is another one or gone; only the places of `Include` lead into it.
_REHEARSAL = """\
set -e
copy=$(mktemp -d)
trap 'rm -rf -- "$copy"' EXIT
tar -C /etc/ssh --exclude 'ssh_host_*' -cf - . | tar -C "$copy" -xf -
%s
find "$copy" -type f -exec sed -i "/^[[:space:]]*[Ii]nclude[[:space:]]/s#/etc/ssh/#$copy/#g" {} +
/usr/sbin/sshd -T -f "$copy/sshd_config" -C %s
"""
_NO_ROOT = frozenset({"no", "forced-commands-only"})

Settings = Mapping[str, list[str]]
"""What `sshd -T` says: each setting in lower case, with the words of all its lines."""


def settings_refusal(session: Session, step: Step, *, user: str, groups: Iterable[str], made: bool) -> str:
    """Given a step below /etc/ssh and whether it is made or removed, return why sshd would refuse its user.

    Empty where it would not, or where the present configuration seems to refuse the user as well, who is logged in.
    """
    (path,) = step.paths
    place = f'"$copy"/{quote(path.removeprefix(_FOLDER))}'
    connection = quote(f"user={user},host=localhost,addr=127.0.0.1")
    change, data = (
        (f"cat >{place}", step.content.data) if made and isinstance(step, File) else (f"rm -f -- {place}", b"")
    )
    now = session.run(f"/usr/sbin/sshd -T -C {connection}")
    then = session.run(_REHEARSAL % (change, connection), input=data)
    if now.rc != 0:
        return ""
    if then.rc != 0:
        return f"sshd would not start: {then.stderr.decode('utf-8', 'replace').strip()[-200:]}"
    before, after = (_settings(it.stdout.decode("utf-8", "replace")) for it in (now, then))
    known = set(_refusals(before, user, list(groups)))
    return next((why for why in _refusals(after, user, list(groups)) if why not in known), "")


def _settings(said: str) -> Settings:
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
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
