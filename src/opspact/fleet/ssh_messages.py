"""What ssh says when it does not get in: which class of failure, and whether the host failed or the way to it.

Comes in: ssh's standard error. Goes out: SshFailure. OpenSSH's messages are never translated; they stand in its files
sshconnect.c, sshkey.c, packet.c and clientloop.c, and differ little from 9.2 to 10.0.

A jump host is reached by another ssh (ProxyJump, ProxyCommand) whose words stand in the same standard error. When that
one ends, the outer ssh has no address to name and says «UNKNOWN port 65535».
"""

import re

from opspact.steps.check import Reach
from opspact.structs import Struct


class SshFailure(Struct):
    """`at_jump`: what failed is the jump host, or the way to it; the host itself was not asked."""

    reach: Reach
    at_jump: bool = False


_SAID: tuple[tuple[Reach, re.Pattern[str]], ...] = (
    (Reach.WRONG_HOST_KEY, re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|HOST KEY .*REVOKED")),
    (Reach.UNKNOWN_HOST_KEY, re.compile(r"Host key verification failed")),
    (Reach.ACCESS_DENIED, re.compile(r"Permission denied \(|Too many authentication failures|Authentication failed")),
    (
        Reach.DOWN,
        re.compile(
            r"Could not resolve hostname|connect to (host|address) .*(refused|[Nn]o route|unreachable|timed out)"
            r"|stdio forwarding failed|open failed: connect failed|Connection to UNKNOWN port \d+ timed out"
        ),
    ),
    (
        Reach.CUT_OFF,
        re.compile(
            r"banner exchange|kex_exchange_identification|Connection (closed|reset) by|closed by remote host"
            r"|not responding|[Cc]onnection timed out|Broken pipe|Connection to .* closed"
            r"|send disconnect|Received disconnect|Disconnect(ed|ing) from"
        ),
    ),
)
_FROM_THE_JUMP = re.compile(r"open failed: connect failed|Connection to UNKNOWN port \d+ timed out")
_PROXY_IS_MISSING = re.compile(r"exec: .*: not found")
_OUTER = re.compile(
    r"^(kex_exchange_identification: .*|stdio forwarding failed|Connection (closed|reset) by UNKNOWN port \d+"
    r"|banner exchange: Connection to UNKNOWN port \d+: .*)\s*$",
    re.MULTILINE,
)
_TURNED_AWAY = re.compile(
    r"kex_exchange_identification|banner exchange: Connection (closed|reset)|Connection (closed|reset) by"
)


def failure_of(said: str) -> SshFailure | None:
    """Given what ssh said before anybody was logged in, return what failed; None when it says none of what we know."""
    reach = _reach(said)
    if "UNKNOWN port" not in said or _FROM_THE_JUMP.search(said):
        return SshFailure(reach) if reach else None
    inner = _OUTER.sub("", said)
    if _PROXY_IS_MISSING.search(inner):
        return SshFailure(Reach.BROKEN, at_jump=True)
    if "administratively prohibited" in inner:
        return SshFailure(Reach.ACCESS_DENIED, at_jump=True)
    at_the_jump = _reach(inner)
    return SshFailure(at_the_jump, at_jump=True) if at_the_jump else SshFailure(Reach.CUT_OFF)


def needs_own_connection(said: bytes) -> bool:
    """Given what an ssh said that was to keep its connection and did not get in, return whether it may do so without.

    It found no place for its socket, or gives no reason: that of a jump host, and what comes after the login, are lost.
    """
    return not said.strip() or any(words in said for words in (b"unix_listener", b"mux listener", b"UNKNOWN port"))


def cut_off(said: str) -> bool:
    """Given what ssh said after the login, return whether the connection broke."""
    return any(reach is Reach.CUT_OFF and pattern.search(said) for reach, pattern in _SAID)


def reason_lines(said: str) -> str:
    """Return what ssh said without the lines by which it only repeats that its connection ended, if others remain."""
    inner = _OUTER.sub("", said)
    return inner if inner.strip() else said


def is_closed_before_login(said: str) -> bool:
    """Return whether sshd closed the connection before login, as it does when too many come at once."""
    failure = failure_of(said)
    return failure is not None and failure.reach is Reach.CUT_OFF and _TURNED_AWAY.search(said) is not None


def _reach(said: str) -> Reach | None:
    return next((reach for reach, pattern in _SAID if pattern.search(said)), None)
