"""What was attached to a run, written to files again.

Comes in: a transcript, a folder. Goes out: files in it, under names of our own: what people named them is not trusted.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from pathlib import Path

from opspact.errors import OperationFailed, Refused
from opspact.ledger.runbook_events import Attachment
from opspact.runbook.transcript import Transcript

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST = 100


def write_attachments(found: Transcript, folder: Path) -> Iterator[Path]:
    """Given a transcript and a folder, write each attachment into a new file there; yield the files.

    Raise Refused where the folder cannot be written or has such a file, OperationFailed for what was recorded damaged.
    """
    attached = [it for step in found.steps for it in step.attachments]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(attached, start=1):
            file = folder / f"{number}-{_safe(each.name)}{_safe(Path(each.file).suffix)}"
            with file.open("xb") as opened:
                opened.write(_content(each))
            yield file
    except FileExistsError as error:
        raise Refused(f"{error.filename} exists already", hint="use another directory with --attachments") from error
    except OSError as error:
        raise Refused(f"cannot write to {folder}: {error.strerror}") from error


def _content(each: Attachment) -> bytes:
    try:
        data = base64.b64decode(each.content, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if hashlib.sha256(data).hexdigest() != each.sha256:
        raise OperationFailed(f"the attachment {each.name} does not have the SHA-256 that was recorded of it")
    return data


def _safe(text: str) -> str:
    return "".join(letter if letter in _SAFE else "_" for letter in text)[:_LONGEST]
