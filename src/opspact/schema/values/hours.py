"""Opening hours as written: times of a day, days of a week, days of a year.

Comes in: written text such as `09:00-12:00`, `mon-fri`, `12-25`. Goes out: frozen values.
"""

import re
from collections.abc import Iterable
from datetime import date

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.text.suggestions import nearest
from opspact.values.hours import Hours, clock_time

WEEK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOURS = re.compile(r"([0-9]{2}):([0-9]{2}) ?[-–] ?([0-9]{2}):([0-9]{2})")
_HOUR, _DAY = 60, 24 * 60
_SOME_LEAP_YEAR = 2024
_SHORT = 4  # letters: a longer word is no slip in one of three


def parse_hours(value: object) -> Hours:
    """Given a written value, return its hours. Raise WrongValueError when it is none, or when they end too early."""
    match = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InvalidValueError(Code.BAD_FORM, f"expected hours, got {quote(value)}", hint='for example "09:00-17:00"')
    start, end = (_minute(match[hour], match[hour + 1], value) for hour in (1, 3))
    if end <= start:
        here, there = f"{clock_time(start)}-24:00", f"00:00-{clock_time(end)}"
        hint = f'hours after midnight stand on the next day: "{here}" here, "{there}" there'
        message = f"the hours {quote(value)} end before they start"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, hint=hint if 0 < end < start else "")
    return Hours(start, end)


def _minute(hour: str, minute: str, written: object) -> int:
    found = int(hour) * _HOUR + int(minute)
    if int(minute) >= _HOUR or found > _DAY:
        message = f"invalid time {hour}:{minute} in {quote(written)}"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, hint="times go from 00:00 to 24:00")
    return found


def in_order(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    """Given hours of a day, return them sorted. Raise WrongValueError at the first that runs into another."""
    written = tuple(hours)
    for index, one in enumerate(written):
        for other in written[:index]:
            if one.start < other.end and other.start < one.end:
                message = f"{one} overlaps {other}"
                raise InvalidValueError(
                    Code.BAD_FORM, message, hint="ranges of hours on one day cannot overlap", below=(index,)
                )
    return tuple(sorted(written))


def week_days(text: str) -> tuple[int, ...]:
    """Given `mon` or `mon-fri`, return its days, 0 for Monday. Raise WrongValueError when it is neither."""
    first, dash, last = text.partition("-")
    start = _week_day(first, text)
    if not dash:
        return (start,)
    end = _week_day(last, text)
    length = (end - start) % len(WEEK_DAYS) + 1
    return tuple((start + offset) % len(WEEK_DAYS) for offset in range(length))


def _week_day(word: str, written: str) -> int:
    if word in WEEK_DAYS:
        return WEEK_DAYS.index(word)
    begin = word.casefold()[:3]
    near = begin if begin in WEEK_DAYS else nearest(word, WEEK_DAYS) if len(word) <= _SHORT else None
    hint = f"write {near}" if near else "for example mon, or mon-fri"
    raise InvalidValueError(Code.NOT_A_CHOICE, f"expected a day of the week, got {quote(written)}", hint=hint)


def parse_yearly(value: object) -> tuple[int, int]:
    """Given `12-25`, return its month and day. Raise WrongValueError when no year has such a day."""
    match = re.fullmatch(r"([0-9]{2})-([0-9]{2})", value) if isinstance(value, str) else None
    if match is None:
        message = f"expected a month and a day, got {quote(value)}"
        raise InvalidValueError(Code.BAD_FORM, message, hint='for example "12-25"')
    month, day = int(match[1]), int(match[2])
    try:
        date(_SOME_LEAP_YEAR, month, day)
    except ValueError:
        raise InvalidValueError(Code.BAD_FORM, f"{quote(value)} is not a valid month and day") from None
    return month, day
