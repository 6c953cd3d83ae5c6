"""What a line of authorized_keys says of its key.

In: a line. Out: the key's fingerprint and type.
"""

import base64
import re
from hashlib import sha256

_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)")


def fingerprint(key: str) -> str:
    """Given a line of authorized_keys, return its key's fingerprint as ssh prints it; empty: it holds no key."""
    found = _KEY.search(key)
    if found is None:
        return ""
    digest = sha256(base64.b64decode(found[2] + "=" * (-len(found[2]) % 4))).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def key_type(key: str) -> str:
    """Given a line of authorized_keys, return its key's type (`ssh-ed25519`); empty: it holds no key."""
    found = _KEY.search(key)
    return found[1] if found else ""
