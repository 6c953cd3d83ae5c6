"""The manifest of a copy: the SHA-256 of each file in it, one a line, as `sha256sum --check` reads them.

Comes in: digests and paths, or a manifest. Goes out: lines, or entries and the sample of them that a seed draws. Part
of the programs that make copies, restore them and look after repositories.

It is an archive of its own beside its copy: it outlives the host, and is there where the restore is.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

MANIFEST_ENDING = ".manifest"  # of its archive, after the copy's name; no policy's name has a dot
MANIFEST_FILE = "SHA256SUMS"
ENTRY = re.compile(rb"(\\?)([0-9a-f]{64})  (.+)\n", re.DOTALL)
ESCAPED = re.compile(rb"\\(.)")


class FileEntry(NamedTuple):
    """One file of a copy: the SHA-256 of its content, and its path below that of the copy."""

    digest: str
    path: str


def digest_of_stream(stream: IO[bytes]) -> str:
    """Return the SHA-256 of what is left of a stream. Raise OSError."""
    digest = hashlib.sha256()
    while piece := stream.read(2**20):
        digest.update(piece)
    return digest.hexdigest()


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content. Raise OSError."""
    with file.open("rb") as content:
        return digest_of_stream(content)


def entry_line(entry: FileEntry) -> bytes:
    """Return an entry as a line; names with a newline or a backslash are written as sha256sum does."""
    path = entry.path.encode("utf-8", "surrogateescape")
    plain = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
    return (b"\\" if plain != path else b"") + f"{entry.digest}  ".encode() + plain + b"\n"


def text_line(text: str) -> bytes:
    """Return a line that says something of the manifest, and is no entry."""
    return b"# " + text.encode("utf-8", "surrogateescape").replace(b"\n", b"\\n") + b"\n"


def manifest_entries(manifest: Path) -> Iterator[FileEntry]:
    """Yield the entries of a manifest. Raise ValueError for a line that is none, OSError."""
    with manifest.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.startswith(b"#"):
                continue
            found = ENTRY.fullmatch(line)
            if not found:
                raise ValueError(f"line {number} of the manifest is no entry")
            path = (
                re.sub(rb"\\(.)", lambda one: b"\n" if one[1] == b"n" else one[1], found[3]) if found[1] else found[3]
            )
            yield FileEntry(found[2].decode("ascii"), path.decode("utf-8", "surrogateescape"))


def sampled_entries(manifest: Path, seed: str, size: int) -> list[FileEntry]:
    """Return `size` entries as a seed draws them: who does not know the seed cannot know which. Raise as above."""

    def order(entry: FileEntry) -> bytes:
        return hashlib.sha256(f"{seed}\n{entry.path}".encode("utf-8", "surrogateescape")).digest()

    return heapq.nsmallest(size, manifest_entries(manifest), key=order)
