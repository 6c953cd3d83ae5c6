"""Journals as `journalctl -o export` writes them.

In: fields of entries, text or bytes. Out: bytes; a value that holds a newline or a control character stands behind its
length, as systemd writes it (logs-show.c, `output_export`).
"""

from dataclasses import dataclass, field
from itertools import count

SEQUENCE, BOOT = "a" * 32, "b" * 32
BEGIN = 1_795_000_000_000_000  # microseconds since 1970: 2026-11-18
STARTED = "f77379a8490b408bbe5f6940505a777b"
STOPPED = "d93fb3c9c24d451a97cea615ce59c00b"
SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"


def value(name: str, content: bytes) -> bytes:
    """Return one field as it is written."""
    if all(byte >= 32 and byte != 127 for byte in content):
        return name.encode() + b"=" + content + b"\n"
    return name.encode() + b"\n" + len(content).to_bytes(8, "little") + content + b"\n"


@dataclass
class Exported:
    """A journal that grows; each entry is a second younger than the one before and has the next number."""

    sequence: str = SEQUENCE
    boot: str = BOOT
    at: int = BEGIN
    entries: list[bytes] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, message: str | bytes = "", *, after: float = 1, **fields: str | bytes) -> bytes:
        """Add an entry; return its cursor."""
        number = next(self.numbers)
        self.at += int(after * 1_000_000)
        cursor = f"s={self.sequence};i={number:x};b={self.boot};m={self.at - BEGIN:x};t={self.at:x};x={number:x}"
        head = f"__CURSOR={cursor}\n__REALTIME_TIMESTAMP={self.at}\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID={self.boot}\n"
        given = {"MESSAGE": message, **fields}
        body = (value(name, text.encode() if isinstance(text, str) else text) for name, text in given.items())
        self.entries.append(head.encode() + b"".join(body) + b"\n")
        return cursor.encode()

    def by(self, name: str, message: str | bytes, *, after: float = 1, uid: str = "0", **fields: str | bytes) -> bytes:
        """Add an entry of a program, written by an account."""
        return self.add(message, after=after, SYSLOG_IDENTIFIER=name, _UID=uid, _PID="77", **fields)

    def driver(self, identity: str, message: str, *, after: float = 1, **fields: str | bytes) -> bytes:
        """Add an entry of journald itself."""
        return self.add(message, after=after, MESSAGE_ID=identity, _TRANSPORT="driver", _UID="0", **fields)

    def since(self, cursor: bytes) -> bytes:
        """Return what is read from a cursor on, the entry itself too."""
        at = next(number for number, entry in enumerate(self.entries) if b"__CURSOR=" + cursor + b"\n" in entry)
        return b"".join(self.entries[at:])

    @property
    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self.entries)
