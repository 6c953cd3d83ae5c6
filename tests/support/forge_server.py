"""A forge on this machine: comments of one pull request over HTTP, in the shapes that each forge documents."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opspact.forge.forges import ForgeKind

TOKEN = "t0ken-of-the-pipeline"
ME, OTHER = 7, 8
PAGE = 20
PATHS = {
    ForgeKind.GITLAB: ("/api/projects/42/merge_requests/5/notes", "/api/projects/42/merge_requests/5/notes/"),
    ForgeKind.GITHUB: ("/api/repos/acme/ops/issues/5/comments", "/api/repos/acme/ops/issues/comments/"),
    ForgeKind.GITEA: ("/api/repos/acme/ops/issues/5/comments", "/api/repos/acme/ops/issues/comments/"),
    ForgeKind.GITEE: ("/api/repos/acme/ops/pulls/5/comments", "/api/repos/acme/ops/pulls/comments/"),
}


@dataclass
class ForgeServer:
    """`failures`: statuses (with headers) that are answered before anything else, 0: the connection is closed.

    `carries_out`: what writes is carried out, although the answer is a failure. `knows_user`: `/user` says who asks.
    """

    kind: ForgeKind
    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    carries_out: bool = False
    knows_user: bool = True
    requests: list[str] = field(default_factory=list)

    def add(self, body: str, user: int = OTHER, kind: str = "User") -> dict[str, Any]:
        """Add a comment as the forge stores it: line ends and blanks at the end are its own."""
        author = {"id": user, "type": kind} if self.kind is ForgeKind.GITHUB else {"id": user}
        name = "author" if self.kind is ForgeKind.GITLAB else "user"
        made = {"id": 1000 + len(self.comments), "body": body.replace("\n", "\r\n").strip(), name: author}
        self.comments.append(made)
        return made

    def bodies(self) -> list[str]:
        return [each["body"].replace("\r\n", "\n") for each in self.comments]

    def page(self, number: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Return a page and its headers. Gitea has no pages."""
        if self.kind is ForgeKind.GITEA:
            return self.comments, {"X-Total-Count": str(len(self.comments))}
        pages = max(1, -(-len(self.comments) // PAGE))
        here = self.comments[(number - 1) * PAGE : number * PAGE]
        match self.kind:
            case ForgeKind.GITLAB:
                return here, {"X-Next-Page": str(number + 1) if number < pages else ""}
            case ForgeKind.GITHUB:
                last = f'<https://evil.example.com/?page={pages}>; rel="last"'
                following = f'<https://evil.example.com/?page={number + 1}>; rel="next", {last}'
                return here, {"Link": following} if number < pages else {}
            case _:
                return here, {"total_count": str(len(self.comments)), "total_page": str(pages)}


class _Handler(BaseHTTPRequestHandler):
    forge: ForgeServer

    def do_GET(self) -> None:
        self._carry_out("GET", None)

    def do_POST(self) -> None:
        self._carry_out("POST", self._body())

    def do_PUT(self) -> None:
        self._carry_out("PUT", self._body())

    def do_PATCH(self) -> None:
        self._carry_out("PATCH", self._body())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def _carry_out(self, method: str, body: str | None) -> None:
        forge = self.forge
        parts = urlsplit(self.path)
        forge.requests.append(f"{method} {parts.path}")
        failure = next((each for each in forge.failures if each[0] == method), None)
        if failure is not None:
            forge.failures.remove(failure)
            if forge.carries_out:
                self._answer(method, parts.path, parse_qs(parts.query), body=body)
            if failure[1] == 0:
                self.close_connection = True
                return
            self._send(failure[1], {"message": "not now"}, failure[2])
            return
        if not self._is_allowed(parse_qs(parts.query)):
            self._send(401, {"message": "401 Unauthorized"}, {})
            return
        self._send(*self._answer(method, parts.path, parse_qs(parts.query), body=body))

    def _is_allowed(self, query: dict[str, list[str]]) -> bool:
        given = {
            ForgeKind.GITLAB: self.headers.get("PRIVATE-TOKEN"),
            ForgeKind.GITHUB: str(self.headers.get("Authorization")).removeprefix("Bearer "),
            ForgeKind.GITEA: str(self.headers.get("Authorization")).removeprefix("token "),
            ForgeKind.GITEE: query.get("access_token", [""])[0],
        }
        return given[self.forge.kind] == TOKEN

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], *, body: str | None
    ) -> tuple[int, object, dict[str, str]]:
        forge, (many, one) = self.forge, PATHS[self.forge.kind]
        if path == "/api/user":
            if forge.knows_user:
                return 200, {"id": ME, "login": "pipeline"}, {}
            return 403, {"message": "Resource not accessible by integration"}, {}
        if method == "GET" and path == many:
            page, headers = forge.page(int(query["page"][0]))
            return 200, page, headers
        if method == "POST" and path == many and body is not None:
            return 201, forge.add(body, ME, "User" if forge.knows_user else "Bot"), {}
        wanted = "PUT" if forge.kind is ForgeKind.GITLAB else "PATCH"
        found = next((each for each in forge.comments if path == f"{one}{each['id']}"), None)
        if method == wanted and found and body is not None:
            found["body"] = body.replace("\n", "\r\n").strip()
            return 200, found, {}
        return 404, {"message": "404 Not Found"}, {}

    def _send(self, status: int, data: object, headers: dict[str, str]) -> None:
        text = json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


def self_signed(file: Path) -> Path:
    """Write a certificate for 127.0.0.1 that nobody vouches for, with its key, and return the file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    text = key.private_bytes(pem, private, serialization.NoEncryption()) + made.public_bytes(pem)
    file.write_bytes(text)
    return file


@contextmanager
def running(kind: ForgeKind, certificate: Path | None = None) -> Iterator[ForgeServer]:
    """Yield a forge that answers until the end: over TLS with a certificate."""
    forge = ForgeServer(kind)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": forge}))
    forge.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}/api"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
