"""The content of a managed file, known by its digest.

In: bytes rendered by compile. Out: a value that is equal when its bytes are.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from posixpath import basename

_ODD = re.compile(r"[^A-Za-z0-9._@+-]")
_LONGEST = 100  # with the digest it fits into every file system's names


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of a file. `digest` is their SHA-256 in hex; `data` is empty where only that is known (a manifest)."""

    digest: str
    data: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def of(cls, text: str | bytes) -> "Content":
        """Given text (UTF-8) or bytes, return their content."""
        data = text.encode() if isinstance(text, str) else text
        return cls(sha256(data).hexdigest(), data)

    def stored_as(self, path: str) -> str:
        """Given where it goes on the host, return its name in a project's `files/`: its digest, a name for people."""
        return f"{self.digest[:16]}-{_ODD.sub('_', basename(path))[:_LONGEST]}"
