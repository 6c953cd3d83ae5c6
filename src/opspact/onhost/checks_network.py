"""Checks of what answers over the network: HTTP responses, certificates, ports.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

from opspact.onhost.check import Item, Result, judge_below, result_of
from opspact.onhost.history import History
from opspact.onhost.http_response import get

EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def certificate_context(item: Item) -> Any:
    """Return what verifies the servers of an item: as the system does, or by the item's own authority."""
    import ssl  # noqa: PLC0415 - it takes longer to load than all else, and few items need it

    return ssl.create_default_context(cafile=(item.get("certificate") or {}).get("ca"))


def fetch(item: Item, deadline: float) -> tuple[int, str]:
    """Return status and the first MiB of the body. Raise OSError or ValueError when there is no answer in time.

    No proxy is asked, and a redirect is the answer that it is.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    url = urlsplit(item["url"])
    host, is_secure = url.hostname or "", url.scheme == "https"
    place = (host, url.port or (443 if is_secure else 80))
    with contextlib.ExitStack() as opened:
        patience = max(deadline - time.monotonic(), 0.001)
        connection = opened.enter_context(socket.create_connection(place, timeout=patience))
        if is_secure:
            secure = certificate_context(item).wrap_socket(connection, server_hostname=host)
            connection = opened.enter_context(secure)
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        status, body = get(connection, url.netloc.rpartition("@")[2], target, deadline=deadline)
    return status, body.decode("utf-8", "replace")


def http(item: Item, _: History) -> Iterator[Result]:
    """Yield whether a URL answers as it should, in time (seconds), and how long its certificate is valid."""
    url, within, wanted, begun = item["url"], item.get("within", 10.0), item.get("status", 200), time.monotonic()
    limits = {"status": wanted, "contains": item.get("contains", ""), "within": within}
    try:
        status, body = fetch(item, begun + within)
    except (OSError, ValueError) as error:
        text = f"{url} does not answer within {within:g} s: {str(error).rstrip('.')}."
        yield result_of("http", "critical", text, unit="s", **limits)
    else:
        took = round(time.monotonic() - begun, 3)
        text = f"{url} answered {status} in {took:g} s"
        right = status == wanted and limits["contains"] in body
        if not right:
            text = f"{url} answered {status}, expected {wanted} with the text {limits['contains']!r}"
        yield result_of("http", "ok" if right else "critical", f"{text}.", value=took, unit="s", **limits)
    if item.get("certificate"):
        yield certificate(item, within)


def certificate(item: Item, within: float) -> Result:
    """Return for how many days the certificate of a URL is still valid; one that is not accepted is critical."""
    import ssl  # noqa: PLC0415 - as above
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    url = urlsplit(item["url"])
    place, limits = (url.hostname or "", url.port or 443), item["certificate"]
    said = {name: round(limits[name] / 86400, 1) for name in ("warn", "critical") if limits.get(name) is not None}
    try:
        with (
            socket.create_connection(place, timeout=within) as connection,
            certificate_context(item).wrap_socket(connection, server_hostname=place[0]) as server,
        ):
            ends = ssl.cert_time_to_seconds(str(server.getpeercert()["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        reason = "has expired" if error.verify_code == EXPIRED else f"is not accepted: {error.verify_message}"
        text = f"The certificate of {place[0]} {reason.rstrip('.')}."
        return result_of("certificate", "critical", text, unit="days", **said)
    except OSError as error:
        text = f"The certificate of {place[0]} cannot be read: {error}."
        return result_of("certificate", "unknown", text, unit="days", **said)
    days = round((ends - time.time()) / 86400, 1)
    text = f"The certificate of {place[0]} is valid for {days:g} more days."
    return judge_below("certificate", text, value=days, unit="days", limits=said)


def tcp(item: Item, _: History) -> Iterator[Result]:
    """Yield whether a port takes connections, in time (seconds)."""
    address, port, within = item.get("address", "127.0.0.1"), item["port"], item.get("within", 5.0)
    begun, took = time.monotonic(), None
    try:
        socket.create_connection((address, port), timeout=within).close()
        took = round(time.monotonic() - begun, 3)
        state, text = "ok", f"Port {port} of {address} accepted a connection in {took:g} s."
    except OSError as error:
        state, text = "critical", f"Port {port} of {address} does not accept connections: {error}."
    yield result_of("tcp", state, text, value=took, unit="s", within=within)
