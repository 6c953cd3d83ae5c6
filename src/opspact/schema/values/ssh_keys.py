"""Public keys of people, as they stand in `~/.ssh/id_*.pub`.

Comes in: written text. Goes out: the key, without doubt about what it is.
"""

import base64
import binascii
import hashlib
import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.structs import Struct
from opspact.text.unicode import first_invisible

_PRIVATE = re.compile(r"PRIVATE KEY|^\s*(?:b3BlbnNzaC1rZXk|PuTTY-User-Key-File)", re.MULTILINE)
_PARTS = {  # how many strings the blob holds after its type: RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4, PROTOCOL.u2f
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
_LENGTH_BYTES = 4
_ED25519_BYTES = 32
_RSA_BITS = 2048
_HINT = "expected one line as in ~/.ssh/id_ed25519.pub: type, key, comment"


class PublicKey(Struct):
    """An OpenSSH public key: its type, its base64 text, and a comment that means nothing to sshd."""

    type: str
    blob: str
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def __str__(self) -> str:
        """Return the key as it stands in authorized_keys."""
        return " ".join(part for part in (self.type, self.blob, self.comment) if part)


def parse_public_key(value: object) -> PublicKey:
    """Given written text, return its public key. Raise WrongValueError otherwise; a private key is never repeated."""
    if not isinstance(value, str):
        raise _wrong(f"expected a public key, got {quote(value)}")
    if _PRIVATE.search(value):
        message = "this is a PRIVATE key: treat it as compromised, anyone who can read this file can log in with it"
        hint = "create a new key pair, remove the old public key from every host, and put the new .pub line here"
        raise InvalidValueError(Code.BAD_SECRET, message, hint=hint, secret=True)
    parts = value.strip().split(None, 2)
    if len(parts) < 2 or first_invisible(value.strip()):  # noqa: PLR2004 - type and key
        raise _wrong("expected a public key on one line")
    kind, blob, comment = parts[0], parts[1], parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - the comment
    if kind == "ssh-dss":
        raise _wrong(
            "DSA keys are not supported: they are too weak, and sshd refuses them",
            hint="create a new key: ssh-keygen -t ed25519",
        )
    if kind not in _PARTS:
        if any(known in value for known in _PARTS):
            raise _wrong("key options and certificates are not supported here")
        raise _wrong(f"unknown key type {quote(kind)}", hint=f"one of {', '.join(_PARTS)}")
    _check_blob(kind, _decoded(blob))
    return PublicKey(kind, blob, comment)


def _wrong(message: str, *, hint: str = _HINT) -> InvalidValueError:
    return InvalidValueError(Code.BAD_FORM, message, hint=hint)


def _decoded(blob: str) -> bytes:
    try:
        return base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("the key is incomplete: invalid base64") from None


def _check_blob(kind: str, content: bytes) -> None:
    strings = _strings(content)
    inner = strings[0].decode("ascii", "replace") if strings else ""
    if inner != kind:
        if len(inner) > len(max(_PARTS, key=len)) or not inner.isprintable():
            inner = "something else"
        raise _wrong(f"the line says {kind}, but the key is {inner or 'incomplete'}")
    if len(strings) != 1 + _PARTS[kind]:
        raise _wrong("the key is incomplete")
    if kind == "ssh-ed25519" and len(strings[1]) != _ED25519_BYTES:
        raise _wrong("the key is incomplete: an ed25519 key has 32 bytes")
    if kind == "ssh-rsa":
        bits = int.from_bytes(strings[2]).bit_length()
        if bits < _RSA_BITS:
            hint = "create a new key: ssh-keygen -t ed25519"
            raise _wrong(f"an RSA key needs at least {_RSA_BITS} bits, this one has {bits}", hint=hint)


def _strings(content: bytes) -> list[bytes]:
    """Given a blob, return its length-prefixed strings (RFC 4251, 5); nothing when it is cut or has a rest."""
    found = []
    position = 0
    while position < len(content):
        start = position + _LENGTH_BYTES
        end = start + int.from_bytes(content[position:start])
        if start > len(content) or end > len(content):
            return []
        found.append(content[start:end])
        position = end
    return found
