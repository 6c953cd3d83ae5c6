"""Requests to one forge: patient with one that is busy, strict about where the token goes.

In: a method, a path, JSON. Out: the answer's status, headers and JSON. Certificates are verified; no redirect is
followed, since it may lead elsewhere; what fails for now is tried again for a bounded time.
"""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO
from urllib.parse import urlencode, urlsplit

from opspact.errors import OperationFailed, Refused
from opspact.structs import Struct

_PATIENCE = 30.0  # seconds for an answer to begin
_LONGEST_PAUSE = 60.0
_TRIES = 5
_LARGEST = 50_000_000  # bytes of an answer
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TOO_MANY, _FORBIDDEN = 429, 403
_BUSY = frozenset({_TOO_MANY, 500, 502, 503, 504})
_ERROR, _REDIRECT = 400, 300


class Answer(Struct):
    """What the forge answered: its status, its headers in lowercase, its JSON (None: there is none)."""

    status: int
    headers: Mapping[str, str]
    data: object


class Unanswered(OperationFailed):
    """A request that writes got no answer: whether it was carried out is unknown."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        """Follow none: the answer is an error then."""


class Client(Struct):
    """A forge's API below `url` (https; http on this machine only). `secret_query` is added to what is asked.

    `pause` waits so many seconds.
    """

    url: str
    headers: Mapping[str, str]
    secret_query: Mapping[str, str]
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Refuse an address to which a token would go in clear."""
        try:
            parts = urlsplit(self.url)
            is_valid = bool(parts.hostname) and not (parts.username or parts.query or parts.fragment)
        except ValueError:
            is_valid = False
        if not is_valid:
            raise Refused(
                "the address of the forge's API is not valid", hint="for example https://git.example.com/api/v4"
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise Refused(f"{self.url} is not an https address", hint="the token would be sent in clear")

    def ask(self, method: str, path: str, query: Mapping[str, str] | None = None, *, body: object = None) -> Answer:
        """Given a request, return the answer, whatever its status says; one that is busy is asked again.

        Raise OperationFailed when there is none, Unanswered when there is none and the request writes.
        """
        writes = method != "GET"
        for attempt in range(1, _TRIES + 1):
            failure = ""
            try:
                answer = self._once(method, path, query or {}, body=body)
            except (OSError, http.client.HTTPException) as error:
                answer, failure = None, self._reason(error)
            if answer is not None and not _is_busy(answer):
                return self._without_redirect(answer)
            # Only a refusal for now says that nothing was written.
            if writes and (answer is None or answer.status not in {_TOO_MANY, _FORBIDDEN}):
                raise Unanswered(f"{self._host}: {failure or f'status {answer.status if answer else 0}'}")
            if attempt < _TRIES:
                self.pause(_pause(answer, attempt))
        said = failure or f"status {answer.status if answer else 0}"
        raise OperationFailed(f"{self._host} does not answer after {_TRIES} attempts: {said}", hint="try again later")

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc

    def _reason(self, error: Exception) -> str:
        """Return why there was no answer. The address is not repeated: it may contain the token.

        Raise OperationFailed for a certificate that does not hold: asking again does not help.
        """
        inner = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(inner, ssl.SSLCertVerificationError):
            why = f"{self._host}: its certificate is not trusted: {inner.verify_message}"
            raise OperationFailed(why, hint="name the authority's certificate with SSL_CERT_FILE") from error
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        return str(inner) or type(inner).__name__

    def _without_redirect(self, answer: Answer) -> Answer:
        if _REDIRECT <= answer.status < _ERROR:
            to = urlsplit(answer.headers.get("location", "")).netloc or "another address"
            raise OperationFailed(
                f"{self._host} redirects to {to}", hint="name that address with --url, if it is right"
            )
        return answer

    def _once(self, method: str, path: str, query: Mapping[str, str], *, body: object) -> Answer:
        asked = urlencode({**query, **self.secret_query})
        address = f"{self.url.rstrip('/')}{path}" + (f"?{asked}" if asked else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "opspact", "Accept": "application/json"}
        request = urllib.request.Request(address, data, {**headers, **self.headers}, method=method)  # noqa: S310 - https
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=_PATIENCE) as answer:
                return _answer(answer.status, answer.headers, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error)


def _answer(status: int, headers: Message, file: IO[bytes]) -> Answer:
    text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise OperationFailed(f"the forge's answer is larger than {_LARGEST:,} bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    return Answer(status, {name.lower(): value for name, value in headers.items()}, data)


def _is_busy(answer: Answer) -> bool:
    """Whether the answer means «not now»: GitHub says so with 403, too."""
    limited = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status in _BUSY or (answer.status == _FORBIDDEN and bool(limited))


def _pause(answer: Answer | None, attempt: int) -> float:
    """Return how long to wait: as long as the forge says, within bounds; else longer each time."""
    asked = _asked_pause(answer.headers) if answer is not None else None
    return min(_LONGEST_PAUSE, max(0.0, asked)) if asked is not None else float(2**attempt)


def _asked_pause(headers: Mapping[str, str]) -> float | None:
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.strip().isdecimal():
        return float(after)
    now = datetime.now(UTC).timestamp()
    if after:
        try:
            return parsedate_to_datetime(after).timestamp() - now
        except ValueError:
            return None
    return float(reset) - now if reset.isdecimal() and headers.get("x-ratelimit-remaining") == "0" else None
