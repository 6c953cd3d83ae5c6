"""The file in which a signed statement is sent to somebody else: the statement's JSON with the signature in it.

Comes in: a statement and its signature, or a file that anybody may have written. Goes out: the other.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json

_LARGEST = 100_000  # bytes


class Statement(Protocol):
    """What is signed: its canonical JSON."""

    def as_data(self) -> dict[str, object]:
        """Return it as JSON values."""


S = TypeVar("S", bound=Statement)


def signed_bytes(statement: Statement) -> bytes:
    """Given a statement, return the bytes that are signed: the canonical JSON."""
    return canonical_json(statement.as_data()).encode()


def signed_text(statement: Statement, signature: str) -> str:
    """Given a statement and the signature under it, return the text of the file."""
    return json.dumps({**statement.as_data(), "signature": signature}, indent=2, ensure_ascii=False) + "\n"


def read_data(file: Path) -> bytes:
    """Given a file, return its bytes, or so many that no statement is as long. Raise Refused when it is unreadable."""
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST + 1)
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}") from error


def parse_signed(data: bytes, make: Callable[[Mapping[str, Any]], S], *, refused: Refused) -> tuple[S, str]:
    """Given bytes, and what makes a statement of JSON values, return the statement and its signature, not checked.

    Raise `refused` for bytes that `signed_text` has not written.
    """
    if len(data) > _LARGEST:
        raise refused
    try:
        content = json.loads(data)
        statement, signature = make(content), text_of(content["signature"])
        # Whatever else the file says is not signed: then it is not what was approved.
        is_whole = content == {**statement.as_data(), "signature": signature}
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise refused from error
    if not is_whole:
        raise refused
    return statement, signature


def text_of(value: object) -> str:
    """Given a value of JSON, return it as text. Raise TypeError when it is none."""
    if not isinstance(value, str):
        raise TypeError
    return value


def instant_of(value: object) -> datetime:
    """Given a value of JSON, return it as an instant with a zone. Raise TypeError or ValueError when it is none."""
    instant = datetime.fromisoformat(text_of(value))
    if instant.tzinfo is None:
        raise ValueError("it has no zone")
    return instant


def instant_text(instant: datetime) -> str:
    """Given an instant, return it as it stands in a statement: in UTC, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
