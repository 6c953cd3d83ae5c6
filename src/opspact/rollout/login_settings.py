"""What a host's own sshd and sudo say of the user that a run logs in as, and what of it would keep that user out.

In: what they say now, and with other settings. Out: why the user would not get in, or not become root.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

from opspact.steps.public_key import fingerprint, key_type
from opspact.structs import Struct, field

_NO_ROOT = frozenset({"no", "forced-commands-only"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "[::]", "*"})  # noqa: S104 - as sshd prints them
_NONE = "none"
_BY_OTHER_MEANS = (
    *("trustedusercakeys", "authorizedprincipalsfile", "authorizedprincipalscommand"),
    *("authorizedkeyscommand", "authorizedkeyscommanduser", "casignaturealgorithms"),
)
"""What decides on keys that are in no file."""
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}
"""By which algorithms a key of a type is accepted, where that is not one of the same name."""


_DOORS: Mapping[str, str] = {
    "hosts": "/etc/hosts.allow and /etc/hosts.deny would not let {client} in",
    "pam": "PAM would not let {user} use the account (/etc/pam.d, /etc/security, /etc/nologin)",
}


class Route(Struct):
    """How a run came to a host: as whom, from which address, to which address and port; and the key's fingerprint."""

    user: str
    client: str
    server: str
    port: str
    key: str = ""


class Answers(Struct):
    """What a host says.

    `sudo`: the status when it is asked for a shell with a password, and without one. `groups`: those of the user.
    `files`: where sshd looks for the user's keys, `keys` the lines there. `sshd`: each of its settings (in lower case)
    with the words of all its lines. `failure`: why sshd does not read its configuration; `sshd` is empty then. `doors`:
    what else decides, `0` where it lets the user in: `hosts` (/etc/hosts.deny) and `pam`.
    """

    sudo: tuple[int, int]
    groups: tuple[str, ...]
    files: tuple[str, ...]
    keys: tuple[str, ...]
    sshd: Mapping[str, tuple[str, ...]]
    failure: str = ""
    doors: Mapping[str, str] = field(default_factory=dict)


def losses(route: Route, before: Answers, after: Answers) -> tuple[str, ...]:
    """Given what a host says now and with other settings, return why the user would not get in or not become root.

    What seems to keep the user out now already does not count: the user is logged in.
    """
    found = []
    if any(then != 0 for now, then in zip(before.sudo, after.sudo, strict=True) if now == 0):
        found.append(f"{route.user} could not become root by sudo any more; log in with another account")
    opened = (name for name, state in before.doors.items() if state == "0" and after.doors.get(name) != "0")
    found += [_DOORS[name].format(user=route.user, client=route.client) for name in opened]
    if after.failure:
        return (*found, *([] if before.failure else [f"sshd would not start: {after.failure}"]))
    known = set(() if before.failure else _refusals(before, route))
    return (*found, *(why for why in _refusals(after, route) if why not in known), *_lost_keys(route, before, after))


def _refusals(answers: Answers, route: Route) -> Iterator[str]:
    """Yield what in sshd's settings keeps a user out who logs in with a key."""
    settings, user = answers.sshd, route.user
    if settings.get("pubkeyauthentication") == ("no",):
        yield "sshd would accept no keys"
    if user == "root" and not _NO_ROOT.isdisjoint(settings.get("permitrootlogin", ())):
        yield "sshd would not let root log in"
    if _first(settings, "authorizedkeysfile") == _NONE and _first(settings, "authorizedkeyscommand") == _NONE:
        yield "sshd would read no file of keys"
    methods = settings.get("authenticationmethods", ("any",))
    if not {"any", "publickey"} & set(methods):
        yield f"sshd would ask for more than a key (AuthenticationMethods {' '.join(methods)})"
    for name, written in (("forcecommand", "ForceCommand"), ("chrootdirectory", "ChrootDirectory")):
        if (value := " ".join(settings.get(name, (_NONE,)))) != _NONE:
            yield f"sshd would give {user} no shell of the host ({written} {value})"
    yield from _not_allowed(answers, route)
    if not _listens(settings.get("listenaddress", ()), route):
        yield f"sshd would not listen on {route.server} port {route.port}, where this run comes in"


def _not_allowed(answers: Answers, route: Route) -> Iterator[str]:
    for name, members in (("users", (route.user,)), ("groups", answers.groups)):
        allowed, denied = (answers.sshd.get(f"{verb}{name}", ()) for verb in ("allow", "deny"))
        if allowed and not _any_matches(allowed, members, route):
            yield f"sshd would not let {route.user} log in (Allow{name.capitalize()} {' '.join(allowed)})"
        if _any_matches(denied, members, route):
            yield f"sshd would not let {route.user} log in (Deny{name.capitalize()} {' '.join(denied)})"


def _any_matches(patterns: Iterable[str], members: Iterable[str], route: Route) -> bool:
    """Whether a pattern matches; one for a host (`ops@192.0.2.*`) where that is the address of this run."""
    pairs = [(name, host or "*") for name, _, host in (pattern.partition("@") for pattern in patterns)]
    return any(fnmatchcase(member, name) and _is_from(route.client, host) for name, host in pairs for member in members)


def _is_from(client: str, pattern: str) -> bool:
    if "/" not in pattern:
        return fnmatchcase(client, pattern)
    try:
        return ip_address(client) in ip_network(pattern, strict=False)
    except ValueError:
        return False


def _listens(places: Iterable[str], route: Route) -> bool:
    """Whether one of the addresses is where the run came in; where sshd names none, systemd listens for it."""
    pairs = [(address, port) for address, _, port in (place.rpartition(":") for place in places)]
    here = {route.server, f"[{route.server}]", *_ANY_ADDRESS}
    return not pairs or any(address in here and port == route.port for address, port in pairs)


def _lost_keys(route: Route, before: Answers, after: Answers) -> Iterator[str]:
    """Yield why the key that let this run in would not do so with the other settings."""
    line = next((line for line in before.keys if route.key and fingerprint(line) == route.key), "")
    if not line:
        changed = [name for name in _BY_OTHER_MEANS if before.sshd.get(name) != after.sshd.get(name)]
        if route.key and not before.failure and changed:
            yield f"the key {route.key} of this run is in no file, and {', '.join(changed)} would change"
        return
    if route.key not in map(fingerprint, after.keys):
        files = " ".join(after.sshd.get("authorizedkeysfile", ()))
        yield f"the key {route.key} of this run is in none of the files that sshd would read ({files})"
    kind = key_type(line)
    accepted = _first(after.sshd, "pubkeyacceptedalgorithms").split(",")
    if accepted != [_NONE] and not set(_ALGORITHMS.get(kind, (kind,))) & set(accepted):
        yield f"sshd would accept no {kind} keys, and this run logs in with one (PubkeyAcceptedAlgorithms)"


def _first(settings: Mapping[str, tuple[str, ...]], name: str) -> str:
    return next(iter(settings.get(name, ())), _NONE)
