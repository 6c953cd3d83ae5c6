"""What can go wrong between opspact and a host, each with its name.

Comes in: what ssh, sudo or the host's shell said. Goes out: errors that say what to do about it. Raised by the
sessions, caught by verify and rollout.
"""

import re
from enum import Enum, auto

from opspact.errors import OperationFailed
from opspact.fleet.route import Route
from opspact.fleet.ssh_messages import cut_off, failure_of, reason_lines
from opspact.steps.check import Reach
from opspact.text.durations import format_duration

_LONGEST_QUOTE = 400  # characters of a foreign program's words that are repeated to the operator
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class HostLost(OperationFailed):
    """A host could not be asked, or not any more: nothing is known about what came after.

    `reach` is the class of the failure, `detail` a whole sentence for the operator, with what ssh or the host said:
    "unreachable: …", "cannot become root: …", "locked by …". Who shows it puts no such words before it. `attempt`: that
    of the run which has taken the host; empty: none has.
    """

    def __init__(self, host: str, reach: Reach, detail: str, *, attempt: str = "") -> None:
        super().__init__(f"{host}: {detail}")
        self.attempt = attempt
        self.host = host
        self.reach = reach
        self.detail = detail


class WriteFailed(OperationFailed):
    """A file could not be written on the host; what was there before is still there, whole."""


class ReadFailed(OperationFailed):
    """A file is on the host and could not be read."""


class ConnectionState(Enum):
    """How far a session had come when it ended."""

    CONNECTING = auto()
    """ssh is on its way; the host has said nothing."""
    LOGGED_IN = auto()
    """A shell of the login's own user runs; root is still to be reached."""
    READY = auto()
    """The shell that takes commands runs."""


def quoted(said: bytes) -> str:
    """Given what a program wrote on its standard error, return its last two lines in print, without full stops."""
    text = _UNPRINTABLE.sub("", said.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(line.removesuffix(".") for line in lines[-2:])[-_LONGEST_QUOTE:]


_SENTENCES = {
    Reach.DOWN: "unreachable",
    Reach.CUT_OFF: "connection lost",
    Reach.WRONG_HOST_KEY: "host key does not match known_hosts",
    Reach.UNKNOWN_HOST_KEY: "host key is not in known_hosts",
    Reach.NO_JUMP_HOST: "jump host failed",
    Reach.ACCESS_DENIED: "login refused",
    Reach.NO_PRIVILEGE: "cannot become root",
    Reach.UNKNOWN_SYSTEM: "operating system not supported",
    Reach.BROKEN: "no usable shell",
}


def lost(host: str, reach: Reach, said: bytes | str = b"") -> HostLost:
    """Given a host, the class of its failure and what was said, return the error with a sentence for the operator."""
    words = quoted(said) if isinstance(said, bytes) else said
    if reach is Reach.BUSY:
        return HostLost(host, reach, f"locked by {words or 'an unknown process'}")
    return HostLost(host, reach, f"{_SENTENCES[reach]}: {words}" if words else _SENTENCES[reach])


def idle_limit(seconds: float) -> bytes:
    """Given for how long a connection was not in use before it was found lost, return the line that says so."""
    return f"\nno traffic for {format_duration(seconds)}: a bastion or firewall may close idle connections".encode()


LOCKED_AS = ", as "
"""Stands in a lock between its holder's line and the name that the host has in the holder's inventory."""
_SAME_MACHINE = "the same machine as "


def lost_to_holder(host: str, own: str, said: str) -> HostLost:
    """Given a host, our own line as a holder, and that of the lock there, return the error.

    A lock with our own line is this run's: the inventory has another name for the same machine.
    """
    ours = f"{' '.join(own.split())}{LOCKED_AS}"
    name = said.removeprefix(ours)
    if name in {said, host}:
        return lost(host, Reach.BUSY, said.removesuffix(f"{LOCKED_AS}{host}"))
    return HostLost(host, Reach.BUSY, f"{_SAME_MACHINE}{name}, which this run has locked: keep one of the names")


def is_own_lock(detail: str) -> bool:
    """Given why a host is busy, return whether this run itself has locked it, under another name of the inventory."""
    return detail.startswith(_SAME_MACHINE)


def lost_to_run(host: str, said: bytes) -> HostLost:
    """Given a host and the attempt of the run that has taken it, as the host names it, return the error."""
    attempt = quoted(said)
    return HostLost(host, Reach.BUSY, f"locked by run {attempt or 'unknown'}", attempt=attempt)


MAYBE_SHUT_OUT = "too many connections at once, or failed logins before: PerSourcePenalties of its sshd"
SHUT_OUT = "the host's sshd shuts this address out after failed logins (PerSourcePenalties); try again in a few minutes"


def jump_host_lost(host: str, route: Route, said: bytes, *, password_given: bool = False) -> HostLost:
    """Given a host, its route, and what ssh said when the jump host on it failed, return the error that names that.

    `password_given`: ssh had one, for whatever asks.
    """
    text = said.decode("utf-8", "replace")
    failure = failure_of(text)
    reach = failure.reach if failure else Reach.BROKEN
    proxy = f"jump host {route.proxy}" if route.proxy else "jump host"
    reason = reason_lines(text).encode()
    is_refused = reach is Reach.ACCESS_DENIED
    words = login_refused(reason, password_given=password_given) if is_refused else quoted(reason)
    learn = "; see `ssh-keyscan` and `ssh-keygen -lf` for its fingerprint" if reach is Reach.UNKNOWN_HOST_KEY else ""
    return HostLost(host, Reach.NO_JUMP_HOST, f"{proxy}: {_SENTENCES[reach]}: {words}{learn}")


def is_of_ssh(status: int | None) -> bool:
    """Return whether ssh itself ended with this status, and not what it ran: 255, a signal, or no end yet (None)."""
    return status is None or status == 255 or status < 0  # noqa: PLR2004 - as ssh(1) says


def reach_of(said: bytes, connection_state: ConnectionState, *, status: int | None) -> Reach:
    """Given ssh's standard error, how far the session had come and ssh's exit status, return the failure's class."""
    by_ssh = is_of_ssh(status) if connection_state is ConnectionState.CONNECTING else status in {255, None}
    text = said.decode("utf-8", "replace")
    match connection_state:
        case ConnectionState.LOGGED_IN:
            # A client that shares its connection says nothing when that breaks; sudo always says why it refuses.
            return Reach.CUT_OFF if by_ssh and (cut_off(text) or not text.strip()) else Reach.NO_PRIVILEGE
        case ConnectionState.READY:
            return Reach.CUT_OFF if by_ssh else Reach.BROKEN
        case ConnectionState.CONNECTING:
            failure = failure_of(text) if by_ssh else None
            return Reach.BROKEN if failure is None else Reach.NO_JUMP_HOST if failure.at_jump else failure.reach


_ASKS_FOR_A_PASSWORD = re.compile(r"a password is required|interactive authentication is required")
_NO_WAY_IN: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"must have a tty"),
        "sudo wants a terminal there; add `Defaults:USER !requiretty` to sudoers for the login",
    ),
    (re.compile(r"sudo: (not found|inaccessible)|sudo: No such file"), "sudo is not installed there"),
    (re.compile(r"account validation failure"), "the login's account has expired or is locked"),
)


_OFFERED = re.compile(r"Permission denied \(([\w,-]+)\)")


def login_refused(said: bytes, *, password_given: bool) -> str:
    """Given what ssh said when the login was refused, return that, and the way out where a password would be one."""
    offered = _OFFERED.findall(said.decode("utf-8", "replace"))
    methods = set(offered[-1].split(",")) if offered else set()
    if password_given:
        reason = "the SSH password is wrong or not accepted"
    elif methods and methods <= {"password", "keyboard-interactive"}:
        reason = "no password given; use --ssh-password secret:vault:NAME or --ask-pass"
    else:
        return quoted(said)
    return f"{quoted(said)} ({reason})"


def privilege_refused(said: bytes, *, password_given: bool) -> str:
    """Given what sudo said (in English) when it did not make us root, return that, and the way out where one is known.

    A password is asked for only where sudo asks for one.
    """
    text = said.decode("utf-8", "replace")
    reason = next((words for pattern, words in _NO_WAY_IN if pattern.search(text)), "")
    if not reason and not password_given and _ASKS_FOR_A_PASSWORD.search(text):
        reason = "no password given; use --become-password secret:vault:NAME or --ask-become-pass"
    return f"{quoted(said)} ({reason})" if reason else quoted(said)
