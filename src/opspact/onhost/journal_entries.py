"""Entries of the journal, as `journalctl -o export` writes them, whatever strangers have put into them.

Comes in: bytes. Goes out: entries. Part of the program `log_review`.

A value with a newline in it stands behind its length: whoever reads it by lines believes what strangers wrote to be
fields, or entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

Fields = dict[str, bytes]
CHUNK = 2**20
LONGEST_VALUE = 2**16  # bytes that are kept of one value
NOT_PLAIN = re.compile(rb"\n(?:__CURSOR=|[A-Z0-9_]+\n)")
"""In a block that ends with a blank line: an entry that broke off before another, or a value behind its length."""


class Entry(NamedTuple):
    """One entry: when journald took it (microseconds since the epoch), and the fields that were asked for."""

    at: int
    fields: Fields

    def text(self, name: str) -> str:
        """Return a field's text; empty where it has none. What is no UTF-8 becomes a sign for that."""
        return self.fields.get(name, b"").decode("utf-8", "replace")


class Export:
    """Splits what journalctl writes into entries, whatever strangers have put into them."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.buffer = b""
        self.position = 0
        self.broken = 0  # entries that journalctl could not read to their ends

    def more(self) -> bool:
        """Read on; return whether there was something."""
        chunk = self.source.read(CHUNK)
        self.buffer = self.buffer[self.position :] + chunk
        self.position = 0
        return bool(chunk)

    def blocks(self) -> Iterator[tuple[bytes, Fields | None]]:
        """Yield each entry: its lines, or its head and its fields where lines do not say where these end."""
        while True:
            end = self.buffer.find(b"\n\n", self.position)
            if end < 0 and len(self.buffer) - self.position < CHUNK and self.more():
                continue
            if end < 0 and self.position >= len(self.buffer):
                return
            block = self.buffer[self.position : end + 1]
            if end < 0 or NOT_PLAIN.search(block):
                fields = self.fields()
                head = (f"{name}=".encode() + fields.get(name, b"") for name in ("__CURSOR", "__REALTIME_TIMESTAMP"))
                yield b"\n".join((*head, b"")), fields
            else:
                self.position = end + 2
                yield block, None

    def fields(self) -> Fields:
        """Return the fields of one entry; what journalctl cannot read to its end has no blank line behind it."""
        found: Fields = {}
        while self.load(len(b"__CURSOR=")):
            if found and self.buffer.startswith(b"__CURSOR=", self.position):
                self.broken += 1
                break
            line = self.line()
            if not line:
                break
            name, equals, value = line.partition(b"=")
            found.setdefault(name.decode("ascii", "replace"), value if equals else self.value())
        return found

    def load(self, size: int) -> bool:
        """Read on until so many bytes are there; return whether there is any."""
        while len(self.buffer) - self.position < size and self.more():
            pass
        return self.position < len(self.buffer)

    def line(self) -> bytes:
        """Return a line without its end, or as much of it as is kept of a value."""
        kept = b""
        while True:
            end = self.buffer.find(b"\n", self.position)
            part = self.buffer[self.position : end if end >= 0 else len(self.buffer)]
            kept += part[: LONGEST_VALUE - len(kept)]
            self.position += len(part) + (end >= 0)
            if end >= 0 or not self.more():
                return kept

    def value(self) -> bytes:
        """Return a value that stands behind its length (8 bytes, the lowest first) and before a newline."""
        self.load(8)
        left = int.from_bytes(self.buffer[self.position : self.position + 8], "little") + 1
        self.position = min(self.position + 8, len(self.buffer))
        kept = b""
        while left > 0 and self.load(1):
            part = self.buffer[self.position : self.position + left]
            kept += part[: LONGEST_VALUE + 1 - len(kept)]
            self.position += len(part)
            left -= len(part)
        return kept[:-1] if left == 0 and len(kept) <= LONGEST_VALUE else kept[:LONGEST_VALUE]


def plain_fields(block: bytes) -> Fields:
    """Given the lines of an entry, return its fields; of one that is there twice, the first."""
    found: Fields = {}
    for line in block.split(b"\n"):
        name, _, value = line.partition(b"=")
        found.setdefault(name.decode("ascii", "replace"), value[:LONGEST_VALUE])
    return found
