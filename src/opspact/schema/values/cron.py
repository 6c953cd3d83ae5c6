"""Five-field cron, as Debian's crontab(5) reads it, without its surprises.

Comes in: the text of a cron schedule. Goes out: the sets of its fields.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.structs import Struct

_PART = re.compile(r"(\*|[0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?(?:/([0-9]{1,2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


class CronFields(Struct):
    """The values of each field, sorted; week days from Sunday = 0. `either_day`: see `schedules.Schedule`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: tuple[int, ...]
    months: tuple[int, ...]
    week_days: tuple[int, ...]
    either_day: bool


class _Field(Struct):
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_MONTH_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEK_DAY = _Field("day of the week", 0, 7, _DAYS)


def parse_cron(text: str) -> CronFields:
    """Given five fields, return their values. Raise WrongValueError when one does not fit or no such date exists.

    Source of the rules: crontab(5) of Debian's cron; a day fits by either of its two fields only when neither begins
    with a star.
    """
    minute, hour, month_day, month, week_day = text.lower().split()
    fields = CronFields(
        minutes=_values(_MINUTE, minute),
        hours=_values(_HOUR, hour),
        month_days=_values(_MONTH_DAY, month_day),
        months=_values(_MONTH, month),
        week_days=tuple(sorted({day % 7 for day in _values(_WEEK_DAY, week_day)})),
        either_day=not (month_day.startswith("*") or week_day.startswith("*")),
    )
    if not fields.either_day and min(fields.month_days) > max(_LONGEST_MONTHS[month] for month in fields.months):
        raise _wrong(f"these months have no day {min(fields.month_days)}")
    return fields


def _values(field: _Field, text: str) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        values |= _part(field, part)
    return tuple(sorted(values))


def _part(field: _Field, text: str) -> set[int]:
    match = _PART.fullmatch(text)
    if match is None or (match[1] == "*" and match[2]):
        raise _wrong(f"invalid {field.name} {quote(text)}")
    first = field.first if match[1] == "*" else _number(field, match[1])
    last = _number(field, match[2]) if match[2] else first
    if match[1] == "*":
        last = field.last - (field is _WEEK_DAY)
    if last < first:
        raise _wrong(f"the {field.name} {quote(text)} goes backwards", hint="write two ranges with a comma")
    if match[3] is None:
        return set(range(first, last + 1))
    step = int(match[3])
    if match[1] != "*" and match[2] is None:
        raise _wrong(
            f"the {field.name} {quote(text)} has a step without a range", hint=f"write {first}-{field.last}/{step}"
        )
    if not 0 < step <= max(last - first, 1):
        raise _wrong(f"the {field.name} {quote(text)} has a step larger than its range")
    return set(range(first, last + 1, step))


def _number(field: _Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.first
    if not text.isdigit() or not field.first <= int(text) <= field.last:
        known = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
        raise _wrong(f"expected a {field.name} of {field.first}-{field.last}{known}, got {quote(text)}")
    return int(text)


def _wrong(
    message: str, *, hint: str = "use five fields: minute hour day month weekday, for example 15 2 * * mon-fri"
) -> InvalidValueError:
    return InvalidValueError(Code.BAD_SCHEDULE, message, hint=hint)
