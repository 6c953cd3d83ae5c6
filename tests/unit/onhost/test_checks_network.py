"""What an inspection says of what answers over the network, from real answers."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from inspecting import look, one
from programs import Machine

TOGETHER = threading.Barrier(3)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            time.sleep(1.2)
        if self.path == "/together":
            TOGETHER.wait(20)
        self.wfile.write("Office OA 办公".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("wanted", "state", "words"),
    [
        ({"contains": "办公"}, "ok", "answered 200 in"),
        ({"contains": "missing"}, "critical", "with the text 'missing'"),
        ({"status": 204}, "critical", "answered 200, expected 204"),
        ({"path": "/moved", "status": 301}, "ok", "answered 301"),
        ({"path": "/moved"}, "critical", "answered 301, expected 200"),
        ({"path": "/slow", "within": 0.4}, "critical", "does not answer within 0.4 s"),
    ],
)
def test_a_website_must_answer_as_it_should_and_in_time(
    machine: Machine, website: str, wanted: dict[str, Any], *, state: str, words: str
) -> None:
    url = website + wanted.pop("path", "/")
    seen = one(machine, item="http", url=url, **wanted)
    assert (seen["verdict"], words in seen["message"]) == (state, True), seen


@contextlib.contextmanager
def speaking(answer: bytes) -> Iterator[str]:
    """Give the URL of a server that says these bytes to whoever has asked, and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    asked += connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (OK + b"Transfer-Encoding: chunked\r\n\r\n9;a=b\r\nOffice OA\r\n3\r\n!!!\r\n0\r\n\r\n", "ok", "answered 200"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\nOffice OA", "ok", "answered 200"),
        (b"HTTP/1.0 200\nServer: old\n\nOffice OA", "ok", "answered 200"),
        (OK + b"Content-Length: 9\r\n\r\nOffice OA and more", "ok", "answered 200"),
        (OK + b"Content-Length: 90\r\n\r\nOffice OA", "critical", "in the middle of the answer"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nOffice", "critical", "in the middle of the answer"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nOffice OA\r\n", "critical", "the length of a part"),
        (OK + b"Server: cut", "critical", "without a complete answer"),
        (b"", "critical", "without a complete answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "critical", "is not HTTP"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "critical", "answered 204"),
    ],
)
def test_an_answer_is_read_as_servers_send_it(machine: Machine, answer: bytes, *, state: str, words: str) -> None:
    with speaking(answer) as url:
        seen = one(machine, item="http", url=url, contains="Office OA", within=20)
    assert (seen["verdict"], words in seen["message"]) == (state, True), seen


def test_items_that_wait_for_the_network_are_asked_at_once_and_stay_in_order(machine: Machine, website: str) -> None:
    """Each of them is answered only when all three have asked."""
    asked = {"item": "http", "url": f"{website}/together", "within": 30}
    port = int(website.rsplit(":", 1)[1])
    seen = look(machine, asked, {"item": "memory"}, {**asked, "contains": "办公"}, {"item": "tcp", "port": port}, asked)
    assert [(part["item"], part["verdict"]) for part in seen] == [
        *(("http", "ok"), ("memory", "ok"), ("http", "ok"), ("tcp", "ok"), ("http", "ok"))
    ]


def test_a_port_takes_connections_or_is_critical(machine: Machine, website: str) -> None:
    port = int(website.rsplit(":", 1)[1])
    assert one(machine, item="tcp", port=port)["verdict"] == "ok"
    seen = one(machine, item="tcp", port=1)
    assert (seen["verdict"], seen["subject"], seen["value"]) == ("critical", "1", None)


@dataclass(frozen=True)
class Authority:
    """An authority that signs certificates of localhost."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    name: x509.Name = field(default_factory=lambda: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Our CA")]))

    @property
    def ca(self) -> str:
        """Write its own certificate; return where."""
        path = self.folder / "ca.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        path.write_bytes(self._sign(self.name, self.key, days=3650, extension=constraints))
        return str(path)

    def server(self, days: float, host: str = "localhost") -> str:
        """Write a server's key and certificate, valid for so many days; return where."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        form = serialization.PrivateFormat.PKCS8
        path = self.folder / "server.pem"
        secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        path.write_bytes(secret + self._sign(subject, key, days=days, extension=names))
        return str(path)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: float, extension: x509.ExtensionType
    ) -> bytes:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self.name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=3650)).not_valid_after(now + timedelta(days=days))
        signed = builder.add_extension(extension, critical=True).sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def secure(certificate: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


DAY = 86400


@pytest.mark.parametrize(
    ("days", "host", "verdicts", "words"),
    [
        (60.5, "localhost", ("ok", "ok"), "valid for 60.5 more days"),
        (20.5, "localhost", ("ok", "warning"), "valid for 20.5 more days"),
        (5.5, "localhost", ("ok", "critical"), "valid for 5.5 more days"),
        (-1, "localhost", ("critical", "critical"), "The certificate of localhost has expired."),
        (60, "oa.example", ("critical", "critical"), "is not accepted: Hostname mismatch"),
    ],
)
def test_a_certificate_is_judged_by_the_days_that_are_left(
    machine: Machine, days: float, host: str, *, verdicts: tuple[str, str], words: str
) -> None:
    authority = Authority(machine.folder)
    with secure(authority.server(days, host)) as url:
        limits = {"warn": 30 * DAY, "critical": 7 * DAY, "ca": authority.ca}
        page, certificate = look(machine, {"item": "http", "url": url, "certificate": limits})
    assert (page["verdict"], certificate["verdict"]) == verdicts, (page, certificate)
    assert words in certificate["message"]
    assert certificate["limits"] == {"warn": 30, "critical": 7}


def test_a_certificate_of_an_unknown_authority_is_not_accepted(machine: Machine) -> None:
    with secure(Authority(machine.folder).server(60)) as url:
        page, certificate = look(machine, {"item": "http", "url": url, "certificate": {"warn": DAY}})
    assert (page["verdict"], certificate["verdict"]) == ("critical", "critical")
    assert "is not accepted: unable to get local issuer" in certificate["message"]


def test_a_server_that_cannot_be_reached_has_a_certificate_that_nobody_knows(machine: Machine) -> None:
    page, certificate = look(machine, {"item": "http", "url": "https://127.0.0.1:1/", "certificate": {"warn": DAY}})
    assert (page["verdict"], certificate["verdict"]) == ("critical", "unknown")
