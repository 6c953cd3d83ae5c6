"""The signature that a commit carries, as git keeps both (gitformat-signature(5)).

In: a commit's name and its object. Out: the bytes that are signed, and the signature. Nothing of git's own settings or
the repository's plays a part: they could name another program, or other signers.
"""

from opspact.structs import Struct

GIT_NAMESPACE = "git"
"""What `ssh-keygen -Y` is told by git that a signature is for."""
_HEADERS = {40: b"gpgsig", 64: b"gpgsig-sha256"}  # by the length of an object's name


class CommitSignature(Struct):
    """A commit: its full name, the bytes that are signed, and the signature (empty: it has none)."""

    commit: str
    content: bytes
    signature: str


def commit_signature(name: str, data: bytes) -> CommitSignature:
    """Given a commit's full name and its object, return its signature, for repositories with either kind of names.

    The content is the object without its signatures; that of the other kind of names is left out as well.
    """
    head, separator, message = data.partition(b"\n\n")
    signed: list[bytes] = []
    content: list[bytes] = []
    current = content
    for row in head.split(b"\n"):
        if not row.startswith(b" "):
            header = row.partition(b" ")[0]
            current = signed if header == _HEADERS[len(name)] else [] if header.startswith(b"gpgsig") else content
            row = row if current is content else row[len(header) + 1 :]  # noqa: PLW2901 - without the header's name
            current.append(row)
        else:
            current.append(row if current is content else row[1:])
    text = b"\n".join(signed).decode("utf-8", "replace")
    return CommitSignature(name, b"\n".join(content) + separator + message, text)
