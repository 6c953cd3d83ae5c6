"""A security key (FIDO) in software: it signs as PROTOCOL.u2f and PROTOCOL.sshsig of OpenSSH say, touched or not."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOUCHED, VERIFIED = 1, 4
"""Flags of a signature: somebody was there; somebody has typed the PIN."""
_TYPE, _APPLICATION, _HASH = b"sk-ssh-ed25519@openssh.com", b"ssh:", b"sha512"


def string(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


class SecurityKey:
    """A key whose private half is nowhere else."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._blob = string(_TYPE) + string(public) + string(_APPLICATION)
        self.line = f"{_TYPE.decode()} {base64.b64encode(self._blob).decode()}"

    def sign(self, data: bytes, namespace: str, *, flags: int) -> str:
        to_sign = b"SSHSIG" + string(namespace.encode()) + string(b"") + string(_HASH)
        to_sign += string(hashlib.sha512(data).digest())
        beside = bytes([flags]) + (7).to_bytes(4)  # a counter
        message = hashlib.sha256(_APPLICATION).digest() + beside + hashlib.sha256(to_sign).digest()
        made = string(_TYPE) + string(self._key.sign(message)) + beside
        whole = b"SSHSIG" + (1).to_bytes(4) + string(self._blob) + string(namespace.encode()) + string(b"")
        text = base64.b64encode(whole + string(_HASH) + string(made)).decode()
        return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"
