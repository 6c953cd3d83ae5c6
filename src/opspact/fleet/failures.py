"""What can go wrong between opspact and a host, each with its name.

Comes in: what ssh, sudo or the host's shell said. Goes out: errors that say what to do about it. Raised by the
sessions, caught by verify and rollout.
"""

import re
from enum import Enum, auto

from opspact.errors import OperationFailed
from opspact.steps.check import Reach

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
    """Given what a program wrote on its standard error, return its last two lines, without control characters."""
    text = _UNPRINTABLE.sub("", said.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-2:])[-_LONGEST_QUOTE:]


_SAID_BY_SSH: tuple[tuple[Reach, re.Pattern[str]], ...] = (
    # OpenSSH's messages are never translated; these stand in sshconnect.c, sshkey.c, packet.c and clientloop.c.
    (
        Reach.WRONG_HOST_KEY,
        re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|HOST KEY .*REVOKED"),
    ),
    (Reach.ACCESS_DENIED, re.compile(r"Permission denied \(|Too many authentication failures|Authentication failed")),
    (
        Reach.DOWN,
        re.compile(
            r"Could not resolve hostname|connect to (host|address) .*(refused|[Nn]o route|unreachable|timed out)"
            r"|stdio forwarding failed|open failed: connect failed"
        ),
    ),
    (
        Reach.CUT_OFF,
        re.compile(
            r"banner exchange|kex_exchange_identification|Connection (closed|reset) by|closed by remote host"
            r"|not responding|[Cc]onnection timed out|Broken pipe|Connection to .* closed|[Dd]isconnect"
        ),
    ),
)
_TURNED_AWAY = re.compile(
    r"kex_exchange_identification|banner exchange: Connection (closed|reset)|Connection (closed|reset) by"
)

_SENTENCES = {
    Reach.DOWN: "unreachable",
    Reach.CUT_OFF: "connection lost",
    Reach.WRONG_HOST_KEY: "host key does not match known_hosts",
    Reach.ACCESS_DENIED: "login refused",
    Reach.NO_PRIVILEGE: "cannot become root",
    Reach.BROKEN: "no usable shell",
}


def lost(host: str, reach: Reach, said: bytes | str = b"") -> HostLost:
    """Given a host, the class of its failure and what was said, return the error with a sentence for the operator."""
    words = quoted(said) if isinstance(said, bytes) else said
    if reach is Reach.BUSY:
        return HostLost(host, reach, f"locked by {words or 'an unknown process'}")
    return HostLost(host, reach, f"{_SENTENCES[reach]}: {words}" if words else _SENTENCES[reach])


def lost_to_run(host: str, said: bytes) -> HostLost:
    """Given a host and the attempt of the run that has taken it, as the host names it, return the error."""
    attempt = quoted(said)
    return HostLost(host, Reach.BUSY, f"locked by run {attempt or 'unknown'}", attempt=attempt)


def reach_of(said: bytes, connection_state: ConnectionState, *, status: int | None) -> Reach:
    """Given ssh's standard error, how far the session had come and ssh's exit status, return the failure's class."""
    by_ssh = status in {255, None}
    text = said.decode("utf-8", "replace")
    if by_ssh:
        for reach, pattern in _SAID_BY_SSH:
            late = connection_state is not ConnectionState.CONNECTING
            if pattern.search(text) and not (late and reach is not Reach.CUT_OFF):
                return reach
    match connection_state:
        case ConnectionState.LOGGED_IN:
            return Reach.NO_PRIVILEGE
        case ConnectionState.READY:
            return Reach.CUT_OFF if by_ssh else Reach.BROKEN
        case ConnectionState.CONNECTING:
            return Reach.BROKEN


def can_retry(said: bytes) -> bool:
    """Return whether sshd turned the connection away before login, as it does when too many come at once."""
    return _TURNED_AWAY.search(said.decode("utf-8", "replace")) is not None
