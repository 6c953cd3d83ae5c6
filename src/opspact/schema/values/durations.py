"""Durations, always with their unit.

Comes in: written text such as `30m`, `7 days`, `5 working days`. Goes out: a `Duration`.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.values.duration import Duration

_COMPACT = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m(?!s))?(?:([0-9]{1,9})s)?(?:([0-9]{1,9})ms)?")
_COMPACT_UNITS = (3_600_000_000, 60_000_000, 1_000_000, 1_000)
"""Microseconds."""
_WORDS = re.compile(r"([0-9]{1,9}) +(?:(business|working) +)?([a-z]+?)s?")
_DAY = 86_400_000_000
_WORD_UNITS = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000, "day": _DAY, "week": 7 * _DAY}
_LONGEST = 100 * 366 * _DAY
_HINT = "for example 30m, 12h, 1h30m, 500ms, 7 days, 5 working days, 40 business hours"


def parse_duration(value: object) -> Duration:
    """Given a written value, return its duration. Raise WrongValueError when it is none, is nothing, or has no unit."""
    if not isinstance(value, str):
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise _wrong(f"the duration has no unit: {value}")
        raise _wrong(f"expected a duration, got {quote(value)}")
    text = value.strip()
    duration = _compact(text) or _words(text)
    if duration is None:
        if re.fullmatch(r"[0-9]+ ?[dw]", text):
            raise _wrong(f"{quote(text)} is ambiguous", hint="write 5 days or 5 working days")
        if re.fullmatch(r"[0-9]*\.[0-9]+ ?[a-z ]+", text):
            raise _wrong(f"a duration uses whole numbers only, got {quote(text)}", hint="write 1h30m for 1.5h")
        raise _wrong(f"expected a duration, got {quote(text)}")
    if duration.amount <= 0:
        raise _wrong(f"a duration must be longer than zero, got {quote(text)}", hint="")
    days = _DAY if duration.kind == "working_days" else 1
    if duration.amount * days > _LONGEST:
        raise _wrong(f"a duration can be 100 years at most, got {quote(text)}", hint="")
    return duration


def parse_elapsed(value: object) -> Duration:
    """Given a written value, return its duration. Raise WrongValueError unless it is one by the clock on the wall."""
    duration = parse_duration(value)
    if duration.kind != "elapsed":
        hint = "for example 30m, 12h, 7 days"
        raise InvalidValueError(Code.BAD_DURATION, f"expected elapsed time, got {quote(value)}", hint=hint)
    return duration


def _wrong(message: str, *, hint: str = _HINT) -> InvalidValueError:
    return InvalidValueError(Code.BAD_DURATION, message, hint=hint)


def _compact(text: str) -> Duration | None:
    match = _COMPACT.fullmatch(text)
    if match is None or not text:
        return None
    amount = sum(int(part or 0) * unit for part, unit in zip(match.groups(), _COMPACT_UNITS, strict=True))
    return Duration(text, "elapsed", amount)


def _words(text: str) -> Duration | None:
    match = _WORDS.fullmatch(text)
    if match is None:
        return None
    number, calendar, unit = int(match[1]), match[2], match[3]
    match calendar, unit:
        case "working", "day":
            return Duration(text, "working_days", number)
        case "business", "minute" | "hour":
            return Duration(text, "business", number * _WORD_UNITS[unit])
        case None, _ if unit in _WORD_UNITS:
            return Duration(text, "elapsed", number * _WORD_UNITS[unit])
        case _:
            return None
