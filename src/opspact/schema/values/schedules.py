"""Schedules: five-field cron, or the plain forms.

Comes in: written text such as `daily at 02:00` or `15 2 * * mon-fri`. Goes out: a `Schedule`, in no zone yet.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values.cron import parse_cron
from opspact.schema.values.schedule_suggestions import NUMBERS, WEEK, suggestions
from opspact.structs import replace
from opspact.text.suggestions import nearest
from opspact.values.schedule import Schedule

_PLAIN = re.compile(r"(?P<every>[a-z]+)(?: on (?P<on>.+?))? at (?P<at>\S+)")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MINUTE = re.compile(r":([0-5][0-9])")
_DAY = re.compile(r"day ([1-9][0-9]?)")
_FORMS = {
    "hourly": "hourly at :15",
    "daily": "daily at 02:00",
    "weekly": "weekly on sunday at 02:00",
    "monthly": "monthly on day 1 at 03:00",
    "quarterly": "quarterly on day 15 at 10:00",
}
_LAST = 4
_WEEK_OF_MONTH = re.compile(f"({'|'.join(NUMBERS)}) ({'|'.join(WEEK)})")
_LAST_SAFE_DAY = 28


def parse_schedule(value: object) -> Schedule:
    """Given a written value, return its schedule. Raise InvalidValueError when it is none or can never be due."""
    if not isinstance(value, str):
        raise _wrong(f"expected a schedule, got {quote(value)}")
    text = " ".join(value.split())
    try:
        return _parsed(text)
    except InvalidValueError as error:
        if meant := next(filter(_is_valid, suggestions(text)), None):
            raise _wrong(error.message, hint=f'did you mean "{meant}"?') from error
        raise


def _is_valid(text: str) -> bool:
    try:
        _parsed(text)
    except InvalidValueError:
        return False
    return True


def _parsed(text: str) -> Schedule:
    first = text.partition(" ")[0]
    if len(text.split()) == _CRON_FIELDS and not first.isalpha():
        cron = parse_cron(text)
        return Schedule(
            text,
            minutes=cron.minutes,
            hours=cron.hours,
            month_days=cron.month_days,
            months=cron.months,
            week_days=cron.week_days,
            either_day=cron.either_day,
        )
    match = _PLAIN.fullmatch(text.lower())
    if match is None:
        raise _wrong(f"expected a schedule, got {quote(text)}", hint=_hint(first))
    return _plain(text, match["every"], match["on"], at=match["at"])


_SEVERAL_WEEKS = re.compile(r"(?:every (?:\w+ )?weeks?|bi-?weekly|fortnightly)\b")
"""How people begin to say that a hand-over is not every week."""
_EVERY_WEEKS = re.compile(r"every ([1-9][0-9]?) weeks (on \S+ at \S+)")


def parse_handover(value: object) -> Schedule:
    """Given a written hand-over, return its schedule: `every 2 weeks on monday at 09:00` too. Raise as above."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    match = _EVERY_WEEKS.fullmatch(text.lower())
    if match is None:
        if _SEVERAL_WEEKS.match(text.lower()):
            raise _wrong(
                f"expected a schedule, got {quote(text)}", hint="for example: every 2 weeks on monday at 09:00"
            )
        return parse_schedule(value)
    return replace(parse_schedule(f"weekly {match[2]}"), text=text, weeks=int(match[1]))


_CRON_FIELDS = 5


def _plain(text: str, every: str, on: str | None, *, at: str) -> Schedule:
    hours, minutes = _wall_time(every, at)
    month_days, last_day = tuple(range(1, 32)), False
    week_days, months = tuple(range(7)), tuple(range(1, 13))
    last_week = False
    match every, on:
        case "monthly" | "quarterly", str() if (of_week := _WEEK_OF_MONTH.fullmatch(on)) is not None:
            number = NUMBERS.index(of_week[1])
            last_week, week_days = number == _LAST, (WEEK.index(of_week[2]),)
            month_days = () if last_week else tuple(range(7 * number + 1, 7 * number + 8))
        case "hourly" | "daily", None:
            pass
        case "weekly", str():
            week_days = (_week_day(on),)
        case "monthly" | "quarterly", str():
            month_days, last_day = _month_day(every, on)
        case _:
            raise _wrong(f"expected a schedule, got {quote(text)}", hint=_hint(every))
    if every == "quarterly":
        months = (3, 6, 9, 12) if last_day or last_week else (1, 4, 7, 10)
    return Schedule(
        text,
        minutes=minutes,
        hours=hours,
        month_days=month_days,
        months=months,
        week_days=week_days,
        last_day=last_day,
        last_week=last_week,
    )


def _wall_time(every: str, at: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if every == "hourly":
        match = _MINUTE.fullmatch(at)
        if match is None:
            raise _wrong(f"expected a minute from :00 to :59, got {quote(at)}", hint=_hint(every))
        return tuple(range(24)), (int(match[1]),)
    match = _TIME.fullmatch(at)
    if match is None:
        hint = "use 00:00 of the next day" if at == "24:00" else "use two digits each, for example 07:30"
        raise _wrong(f"expected a time from 00:00 to 23:59, got {quote(at)}", hint=hint)
    return (int(match[1]),), (int(match[2]),)


def _week_day(on: str) -> int:
    if on in WEEK:
        return WEEK.index(on)
    near = nearest(on, WEEK)
    hint = f'did you mean "{near}"?' if near else f"one of {', '.join(WEEK[1:] + WEEK[:1])}"
    raise _wrong(f"expected a day of the week, got {quote(on)}", hint=hint)


def _month_day(every: str, on: str) -> tuple[tuple[int, ...], bool]:
    if on == "last day":
        return (), True
    match = _DAY.fullmatch(on)
    if match is None:
        known = '"day 1" to "day 28", "last day", or a day of a week such as "first monday" or "last friday"'
        raise _wrong(f"expected {known}, got {quote(on)}", hint=_hint(every))
    day = int(match[1])
    if day > _LAST_SAFE_DAY:
        hint = "use last day"
        raise _wrong(f"some months have no day {day}", hint=hint)
    return (day,), False


def _wrong(message: str, *, hint: str | None = None) -> InvalidValueError:
    return InvalidValueError(Code.BAD_SCHEDULE, message, hint=_hint("") if hint is None else hint)


def _hint(every: str) -> str:
    near = nearest(every.lower(), _FORMS) if every else None
    if near:
        return f"for example: {_FORMS[near]}"
    return f"for example: {', '.join(_FORMS.values())}, or a five-field cron expression"
