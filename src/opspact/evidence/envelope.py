"""The envelope of a signed statement: DSSE (https://github.com/secure-systems-lab/dsse), which other programs verify.

In: a payload, its type, a key. Out: the envelope's JSON.
"""

import base64
import json
from pathlib import Path

from opspact.fleet.agent_signature import sign_raw
from opspact.fleet.ssh_signature import OwnKey

IN_TOTO = "application/vnd.in-toto+json"


def signed_envelope(payload: bytes, kind: str, key: OwnKey | Path) -> str:
    """Given a payload, its media type and a key, return the signed envelope as JSON. Raise as `sign_raw` does."""
    signed = sign_raw(signed_bytes(payload, kind), key)
    whole = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": signed.fingerprint, "sig": base64.b64encode(signed.signature).decode()}],
    }
    return json.dumps(whole) + "\n"


def signed_bytes(payload: bytes, kind: str) -> bytes:
    """Given a payload and its type, return what is signed: both with their lengths (DSSE, PAE)."""
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(payload), payload)
