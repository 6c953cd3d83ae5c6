"""One GET and its answer over a socket: Python's `http.client` takes longer to load than most inspections take.

Comes in: a connection, what to ask for. Goes out: status and body, as RFC 9112 has them. Part of programs.
"""

from __future__ import annotations

import re
import socket
import time

LARGEST_BODY = 2**20  # bytes of a body that are read
LONGEST_FIELD = 2**16
MOST_FIELDS = 200
FIRST_FINAL = 200  # statuses below announce another answer
NO_BODY = {204, 304}


class Response:
    """What a server sends, read until `deadline` (monotonic clock, seconds). Raise TimeoutError after it."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.buffer = b""

    def more(self) -> bool:
        """Read once; return False at the end of what the server sends."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self.connection.settimeout(left)
        data = self.connection.recv(65536)
        self.buffer += data
        return bool(data)

    def line(self) -> bytes:
        """Return the next line, without its end."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > LONGEST_FIELD or not self.more():
                raise ValueError("the server closed the connection without a complete answer")
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def take(self, count: int) -> bytes:
        """Return so many bytes of the body."""
        while len(self.buffer) < count:
            if not self.more():
                raise ValueError("the server closed the connection in the middle of the answer")
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def rest(self) -> bytes:
        """Return all that comes until the server closes the connection, or as much of it as is read."""
        while len(self.buffer) < LARGEST_BODY and self.more():
            pass
        return self.buffer[:LARGEST_BODY]

    def parts(self) -> bytes:
        """Return a body that comes in chunks, or as much of it as is read."""
        body = b""
        while len(body) < LARGEST_BODY:
            size = re.match(rb"[0-9A-Fa-f]+", self.line())
            if not size:
                raise ValueError("the length of a part of the answer is missing")
            if (count := int(size[0], 16)) == 0:
                break
            body += self.take(min(count, LARGEST_BODY - len(body)))
            if len(body) < LARGEST_BODY:
                self.line()
        return body

    def head(self) -> tuple[int, dict[str, str]]:
        """Return the status and the fields of an answer; those of an interim one (100 to 199) are passed over."""
        while True:
            found = re.match(rb"HTTP/1\.[01] (\d{3})(?: |$)", self.line())
            if not found:
                raise ValueError("the answer is not HTTP")
            fields = {}
            for _ in range(MOST_FIELDS):
                name, separator, value = self.line().decode("latin-1").partition(":")
                if not separator:
                    break
                fields[name.lower()] = value.strip()
            if int(found[1]) >= FIRST_FINAL:
                return int(found[1]), fields


def get(connection: socket.socket, host: str, target: str, *, deadline: float) -> tuple[int, bytes]:
    """Given a connection, the `Host` (with its port) and the target (`/path?query`), return status and body.

    At most LARGEST_BODY bytes of the body. Raise OSError or ValueError when there is no complete answer in time.
    """
    asked = (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: opspact\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(asked.encode("ascii"))
    response = Response(connection, deadline)
    status, fields = response.head()
    if status in NO_BODY:
        return status, b""
    if fields.get("transfer-encoding", "").lower().endswith("chunked"):
        return status, response.parts()
    if fields.get("content-length", "").isdecimal():
        return status, response.take(min(int(fields["content-length"]), LARGEST_BODY))
    return status, response.rest()
