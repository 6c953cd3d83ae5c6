"""What a copy says of itself: written into its archive's comment when it is made, read when it is restored.

Comes in: facts, or an archive's comment. Goes out: the comment, or the facts. A part of programs.

The record is in the archive because it must outlive the host, and must be there where the restore is. It is base64:
borg replaces what stands in braces in a comment.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

RECORD_HEAD = "opspact1:"
LONGEST_COMMENT = 9000  # characters; newer borgs refuse more than 10,000
LARGEST_RECORD = 2**22  # bytes


def encode_record(record: dict[str, Any]) -> str:
    """Given what a copy holds, return the comment; empty where that would be too long."""
    packed = zlib.compress(json.dumps(record, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace"), 9)
    comment = RECORD_HEAD + base64.b64encode(packed).decode("ascii")
    return comment if len(comment) <= LONGEST_COMMENT else ""


def decode_record(comment: str) -> dict[str, Any]:
    """Given an archive's comment, return what the copy holds; nothing where no record is in it."""
    if not comment.startswith(RECORD_HEAD):
        return {}
    try:
        packed = base64.b64decode(comment[len(RECORD_HEAD) :], validate=True)
        record = json.loads(zlib.decompressobj().decompress(packed, LARGEST_RECORD))
    except (ValueError, zlib.error):
        return {}
    return record if isinstance(record, dict) else {}
