"""Instants as written: ISO 8601, with an offset or in the contract's zone.

Comes in: written text such as `2026-02-16T09:00`. Goes out: a datetime, naive where no offset is written.
"""

import re
from datetime import datetime

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?",
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_instant(value: object) -> datetime:
    """Given a written value, return its instant. Raise WrongValueError when it is none."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            hint = "use 00:00 of the next day" if value[11:16] == "24:00" else ""
            raise InvalidValueError(Code.BAD_FORM, f"{value} is not a valid date and time", hint=hint) from None
    hint = "for example 2026-02-16T09:00 in the contract's time zone, or 2026-02-16T01:00Z"
    if isinstance(value, str) and _DAY.fullmatch(value):
        hint = f"add the time: {value}T00:00"
    raise InvalidValueError(Code.BAD_FORM, f"expected a date and time, got {quote(value)}", hint=hint)


def parse_start(value: object) -> datetime:
    """Given a written instant, or a day for its midnight, return it. Raise WrongValueError when it is neither."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return parse_instant(f"{value}T00:00")
    return parse_instant(value)
