"""Values as text in exactly one way: what is hashed, stored and exported.

In: JSON values and times. Out: their one canonical text.
"""

import json
import math
from datetime import UTC, datetime

_DEEPEST = 64


def canonical_json(value: object) -> str:
    """Given a JSON value, return its one canonical text: keys sorted by code point, no spaces, only needed escapes.

    Raise ValueError, saying where, for what has no such text: NaN and infinities, keys that are no text, lone
    surrogates, whole numbers beyond 64 bits, other types, more than 64 levels.
    """
    _check(value, "$", 0)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def check_text(text: object, where: str) -> None:
    """Given what should be text and its place in words, raise ValueError when it is none that UTF-8 can hold."""
    if not isinstance(text, str):
        raise ValueError(f"{where}: the key {text!r} is not text")  # noqa: TRY004 - one way to say «not canonical»
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where}: not valid UTF-8 text") from error


def time_text(at: datetime) -> str:
    """Given an aware time, return it as the ledger writes it: UTC, six digits of microseconds, `Z`; sorts by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def time_of(text: str) -> datetime:
    """Given what `time_text` wrote, return the time, in UTC. Raise ValueError for any other text."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("at is not a time") from error
    if at.tzinfo is not UTC:
        raise ValueError("at is not a time in UTC")
    if time_text(at) != text:
        raise ValueError("at is not in its canonical form")
    return at


def _check(value: object, where: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} levels deep")
    match value:
        case None | bool():
            pass
        case str():
            check_text(value, where)
        case int() | float():
            _check_number(value, where)
        case dict():
            for key, item in value.items():
                check_text(key, where)
                _check(item, f"{where}.{key}", depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                _check(item, f"{where}[{index}]", depth + 1)
        case _:
            raise ValueError(f"{where}: {type(value).__name__} is not a JSON value")


def _check_number(number: float, where: str) -> None:
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise ValueError(f"{where}: an integer larger than 64 bits")
    if not math.isfinite(number):
        raise ValueError(f"{where}: {number} is not a JSON number")
