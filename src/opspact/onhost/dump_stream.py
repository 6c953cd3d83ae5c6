"""A dump on its way from the program that makes it, and what that complains of.

Comes in: pipes, a file of complaints. Goes out: the dump's size and checksum, the complaint. Part of `dump`.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from typing import IO, Any

PIECE = 2**20  # bytes that are passed on at once


def first_error(errors: IO[bytes]) -> str:
    """Return what a program complained of, as far as one line says it, and pass all of it on to the journal."""
    errors.seek(0)
    text = errors.read().decode("utf-8", "replace")
    sys.stderr.write(text)
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in said if "error:" in line), said[-1] if said else "")[:500]


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
