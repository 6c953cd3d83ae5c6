"""Days and periods as written: ISO 8601.

Comes in: written text such as `2026-01-31`, `2026-01-01..2026-12-31`. Goes out: a date, a `Period`.
"""

import re
from datetime import date

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.values.period import OpenPeriod, Period


def parse_day(value: object) -> date:
    """Given a written value, return its day. Raise WrongValueError when it is none."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise InvalidValueError(Code.BAD_FORM, f"{value} is not a valid date") from None
    raise InvalidValueError(Code.BAD_FORM, f"expected a date, got {quote(value)}", hint="for example 2026-01-31")


def parse_period(value: object) -> Period:
    """Given a written value, return its days. Raise WrongValueError when it is no range, or ends before it begins."""
    if not isinstance(value, str) or value.count("..") != 1:
        message = f"expected a range of dates, got {quote(value)}"
        raise InvalidValueError(Code.BAD_FORM, message, hint="for example 2026-01-01..2026-12-31")
    first, last = (parse_day(part.strip()) for part in value.split(".."))
    if last < first:
        raise InvalidValueError(Code.OUT_OF_BOUNDS, f"the range ends ({last}) before it starts ({first})")
    return Period(first, last)


def parse_open_period(value: object) -> OpenPeriod:
    """Given written days with or without an end, return them. Raise WrongValueError as `parse_period` does."""
    if isinstance(value, str) and value.strip().endswith(".."):
        return OpenPeriod(parse_day(value.strip().removesuffix("..").strip()))
    period = parse_period(value)
    return OpenPeriod(period.first, period.last)


def parse_day_or_days(value: object) -> Period:
    """Given a written day or range of days, return its days. Raise WrongValueError when it is neither."""
    if isinstance(value, str) and ".." in value:
        return parse_period(value)
    day = parse_day(value)
    return Period(day, day)
