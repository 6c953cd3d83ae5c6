"""Checks of what answers over the network: HTTP responses, ports.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import http.client as http_client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from opspact.onhost.check import Item, Result, result_of
from opspact.onhost.history import History


class RefuseRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the answer that it is."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return nothing to go on to."""


def fetch(url: str, deadline: float) -> tuple[int, str]:
    """Return status and the first MiB of the body. Raise OSError or ValueError when there is no answer in time."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), RefuseRedirect)
    try:
        answer = opener.open(url, timeout=max(deadline - time.monotonic(), 0.001))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body = b""
        while len(body) < 2**20 and (part := answer.read1(65536)):
            body += part
            if time.monotonic() > deadline:
                raise TimeoutError("the answer did not end in time")
        return answer.status, body.decode("utf-8", "replace")


def http(item: Item, _: History) -> Iterator[Result]:
    """Yield whether a URL answers as it should, in time (seconds)."""
    url, within, wanted, begun = item["url"], item.get("within", 10.0), item.get("status", 200), time.monotonic()
    limits = {"status": wanted, "contains": item.get("contains", ""), "within": within}
    try:
        status, body = fetch(url, begun + within)
    except (OSError, ValueError, http_client.HTTPException) as error:
        text = f"{url} does not answer within {within:g} s: {getattr(error, 'reason', error)}."
        yield result_of("http", "critical", text, unit="s", **limits)
        return
    took = round(time.monotonic() - begun, 3)
    text = f"{url} answered {status} in {took:g} s"
    right = status == wanted and limits["contains"] in body
    if not right:
        text = f"{url} answered {status}, expected {wanted} with the text {limits['contains']!r}"
    yield result_of("http", "ok" if right else "critical", f"{text}.", value=took, unit="s", **limits)


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
