"""Whether a device answers pings, asked without any program of the host's.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator

from opspact.onhost.check import CannotCheck, Item, Result, result_of
from opspact.onhost.history import History

PING_TRIES = 3  # requests without an answer, after which nothing answers: one may be lost
PING_PAUSE = 0.2  # seconds before the next request, where the network said at once that nothing is there
PING_HEAD = struct.Struct("!BBHHH")  # type, code, checksum, identifier, number; RFC 792 and RFC 4443
PING_TYPES = {  # protocol, type of a request, type of an answer
    socket.AF_INET: (socket.IPPROTO_ICMP, 8, 0),
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128, 129),
}


def ping(item: Item, _: History) -> Iterator[Result]:
    """Yield whether an address answers one of a few pings, each in time (seconds)."""
    address, within = str(item["address"]), float(item.get("within", 1.0))
    family, place = place_of(address)
    reason = ""
    for number in range(1, PING_TRIES + 1):
        took, reason = send_ping(family, place, within=within, number=number)
        if took is not None:
            before = f", after {number - 1} that nothing answered" if number > 1 else ""
            text = f"{address} answered a ping in {1000 * took:.1f} ms{before}."
            yield result_of("ping", "ok", text, value=round(took, 4), unit="s", within=within)
            return
    text = f"{address} does not answer {PING_TRIES} pings within {within:g} s each{reason}."
    yield result_of("ping", "critical", text, unit="s", within=within)


def place_of(address: str) -> tuple[int, tuple[object, ...]]:
    """Return the family and the socket address of an address or a name. Raise CannotCheck for a name without one."""
    try:
        found = socket.getaddrinfo(address, None, type=socket.SOCK_RAW)
    except (OSError, UnicodeError) as error:
        raise CannotCheck(f"the name {address} cannot be resolved: {error}") from error
    family, _, _, _, place = found[0]
    return family, place


def send_ping(family: int, place: tuple[object, ...], *, within: float, number: int) -> tuple[float | None, str]:
    """Send one echo request; return the seconds until its answer, or None and why none came as far as that is known.

    Raise CannotCheck when this host lets nobody ask.
    """
    protocol, request, _ = PING_TYPES[socket.AddressFamily(family)]
    token = os.urandom(16)
    identifier = int.from_bytes(token[:2], "big")
    try:
        asking = socket.socket(family, socket.SOCK_RAW, protocol)
    except OSError as error:
        raise CannotCheck(f"no ping can be sent from this host: {error}") from error
    with asking:
        begun = time.monotonic()
        try:
            asking.connect(place)
            asking.send(ping_request(request, identifier, number, token=token))
            return wait_for_answer(asking, token, begun + within) - begun, ""
        except TimeoutError:
            return None, ""
        except OSError as error:
            time.sleep(PING_PAUSE)
            return None, f": {error.strerror or error}"


def wait_for_answer(asking: socket.socket, token: bytes, deadline: float) -> float:
    """Return when the answer with the token came (by the monotonic clock). Raise TimeoutError when it does not."""
    _, _, answer = PING_TYPES[asking.family]
    while (left := deadline - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            packet = asking.recv(4096)
        except socket.timeout as error:  # noqa: UP041 - before 3.10 it is another class
            raise TimeoutError from error
        head = 4 * (packet[0] & 15) if asking.family == socket.AF_INET and packet else 0
        if packet[head : head + 1] == bytes([answer]) and packet[head + PING_HEAD.size :] == token:
            return time.monotonic()
    raise TimeoutError


def ping_request(type_: int, identifier: int, number: int, *, token: bytes) -> bytes:
    """Return an echo request; the kernel puts in the checksum of IPv6 itself."""
    empty = PING_HEAD.pack(type_, 0, 0, identifier, number) + token
    total = sum(struct.unpack(f"!{len(empty) // 2}H", empty))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return PING_HEAD.pack(type_, 0, ~total & 0xFFFF, identifier, number) + token
