"""A dump on its way from the program that makes it, and what that complains of.

Comes in: pipes, a file of complaints. Goes out: the dump's size and checksum, the complaint. Part of `dump`.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from typing import IO, Any

from opspact.onhost.failure_reason import failure_reason

PIECE = 2**20  # bytes that are passed on at once


def failure_in(errors: IO[bytes], status: int) -> str:
    """Return why a program failed, given what it complained of, and pass all of that on to the journal."""
    errors.seek(0)
    text = errors.read().decode("utf-8", "replace")
    sys.stderr.write(text)
    return failure_reason(text, status)


def transfer(source: IO[bytes], out: IO[bytes], reader: Any) -> tuple[int, str]:
    """Write everything to `out` and to the reader, and return how many bytes that was, and their SHA-256.

    A reader that takes no more is left out: why, it says itself. Raise BrokenPipeError when `out` does not.
    """
    size, digest, is_read = 0, hashlib.sha256(), True
    while piece := source.read(PIECE):
        size += len(piece)
        digest.update(piece)
        out.write(piece)
        try:
            if is_read:
                reader.write(piece)
        except BrokenPipeError:
            is_read = False
    out.flush()
    with contextlib.suppress(BrokenPipeError):
        reader.close()
    return size, digest.hexdigest()
