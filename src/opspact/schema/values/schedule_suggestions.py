"""What people write for a schedule that is none, and the form that says the same: `every day at 2am`, `@daily`.

Comes in: written text. Goes out: schedules that may be meant, none of them checked.

A text is suggested only where a pattern takes in all of its words: what is left out would change the meaning, as
`every 14 days` is not `daily`, and `every third friday` may be one in three weeks.
"""

import re
from collections.abc import Callable, Iterator

from opspact.structs import Struct
from opspact.text.suggestions import nearest

WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
NUMBERS = ("first", "second", "third", "fourth", "last")

_SHORTCUTS = {
    "@hourly": "hourly at :00",
    "@daily": "daily at 00:00",
    "@midnight": "daily at 00:00",
    "@weekly": "weekly on sunday at 00:00",
    "@monthly": "monthly on day 1 at 00:00",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_CRON = re.compile(r"[0-9*?/,LW#-]+(?: [0-9a-zA-Z*?/,LW#-]+)*")
_SECONDS_FIRST = 6
_ON_CALENDAR = re.compile(r"(?:([a-z]+) )?\*-(\*|\d\d)-(\*|\d\d) (\d\d):(\d\d)(?::00)?")
_EVERY_HOUR = re.compile(r"(?:hourly|every hour)(?: (?:at|on|past) (?:00?:|:)?([0-5]\d))?")

_TOKEN = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d)(?::00)?)?(?: ?(?P<half>[ap])m)?(?![\w:.])"
    r"|(?P<word>[a-z0-9]+)|(?P<through>-|\N{EN DASH}|\.\.)|[\s,;&/]+"
)
_JOINED = re.compile(r"\b(half|semi|month|quarter|year)-|(?<=\d)(?=(?:h|min)\b)")
_TIMES_OF_DAY = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}
_LEFT_OUT = frozenset({"on", "at", "the", "of", "in", "a", "an", "and", "past", "per", "once", "from"})
_ONE = {
    **{spelled: day[:3] for day in WEEK for spelled in (day, day[:3])},
    **{f"{day}s": f"every {day[:3]}" for day in WEEK},
    **dict.fromkeys(("weekday", "workday", "weekdays", "workdays"), "mon-fri"),
    **dict.fromkeys(("weekend", "weekends"), "sat,sun"),
    **{f"{unit}s": unit for unit in ("min", "minute", "hour", "day", "night", "week", "month", "quarter", "year")},
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("to", "through", "thru"), "-"),
    "tues": "tue",
    "weds": "wed",
    "thur": "thu",
    "thurs": "thu",
    "h": "hour",
    "each": "every",
    "final": "last",
}
"""Words that say the same as another one."""
_SPELLED = ("hourly", "daily", "weekly", "monthly", "quarterly", *WEEK)
_RIGHT = {
    *(*_LEFT_OUT, *_ONE, *_ONE.values(), *_TIMES_OF_DAY, *_SPELLED, *NUMBERS),
    *("nightly", "yearly", "year", "half", "semi", "twice", "three", "six", "end"),
}
"""Words that are no misspelling of another one."""

_NAME = "|".join(day[:3] for day in WEEK)
_THROUGH = re.compile(rf"\b({_NAME}) - ({_NAME})\b")
_SOME_DAYS = rf"(?:{_NAME})(?:[-,](?:{_NAME}))*"
_DAYS = rf"(?P<days>(?:every )?{_SOME_DAYS}(?: (?:every )?{_SOME_DAYS})*)"
_NUMBERED_DAY = rf"(?:first|1st|second|2nd|third|3rd|fourth|4th|last) (?:{_NAME})"
_IN_ONE_MONTH = rf"(?P<on>(?:every )?(?:first|1st|last) (?:{_NAME})|{_NUMBERED_DAY})"
_MONTH_DAYS = re.compile(r"(?:day )?\d{1,2}(?:st|nd|rd|th)?(?: (?:day )?\d{1,2}(?:st|nd|rd|th)?)*(?: day)?")
_WHICH = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth"}
_STEPS = r"(?P<step>hourly|(?:every )?hour|every (?:half|quarter) hour|every half day|every \d+ (?:min|hour))"
_STEP_WORDS = {"half hour": (30, "min"), "quarter hour": (15, "min"), "half day": (12, "hour")}
_LAST_SAFE_DAY, _LAST_DAY, _HALF_A_DAY = 28, 31, 12
_BY_DAY = range(6, 18)


class _Written(Struct):
    """What a text says: its words, each kind spelled in one way, and the times (hour, minute) in it."""

    words: str
    times: tuple[tuple[int, int], ...]

    def at(self, usual: str) -> str:
        """Return the one time, or the usual one."""
        return "{:02}:{:02}".format(*self.times[0]) if self.times else usual

    def cron(self, usual: str, days: str) -> str:
        """Return a cron expression with all times and the fields of days; empty where the times' minutes differ."""
        times = self.times or (tuple(map(int, usual.split(":"))),)
        if len({minute for _, minute in times}) > 1:
            return ""
        return f"{times[0][1]} {','.join(str(hour) for hour in sorted({hour for hour, *_ in times}))} {days}"


def suggestions(text: str) -> Iterator[str]:
    """Given text that is no schedule, yield what may be meant, the likeliest first; not all of it need be valid."""
    folded = " ".join(text.casefold().replace("'", "").replace('"', "").split())
    if folded in _SHORTCUTS:
        yield _SHORTCUTS[folded]
    elif _CRON.fullmatch(text):
        yield _of_six_fields(text.split())
    elif found := _ON_CALENDAR.fullmatch(folded):
        yield _of_systemd(found)
    elif every_hour := _EVERY_HOUR.fullmatch(folded):
        yield f"hourly at :{every_hour[1] or 15}"
    elif written := _read(_JOINED.sub(r"\1 ", folded)):
        matches = ((re.fullmatch(words, written.words), form) for words, form in _MEANINGS)
        yield next((form(found, written) for found, form in matches if found), "")


def _of_six_fields(fields: list[str]) -> str:
    """Return the five fields after that of the seconds; empty where they say more than five can.

    Where a `?` stands, the days of the week count from Sunday = 1.
    """
    if len(fields) != _SECONDS_FIRST or fields[0] != "0" or ("?" in fields and any(map(str.isdigit, fields[-1]))):
        return ""
    return " ".join(fields[1:]).replace("?", "*")


def _of_systemd(found: re.Match[str]) -> str:
    """Return what a value of `OnCalendar=` says."""
    week_day, month, day, hour, minute = found.groups()
    if week_day:
        name = _whole_name(_ONE.get(week_day, ""))
        return f"weekly on {name} at {hour}:{minute}" if (month, day) == ("*", "*") else ""
    if month == "*":
        return f"daily at {hour}:{minute}" if day == "*" else f"monthly on day {int(day)} at {hour}:{minute}"
    return f"{int(minute)} {int(hour)} {day.lstrip('0')} {int(month)} *"


def _read(folded: str) -> _Written | None:
    """Return what a text says; None where a time in it does not exist or may be another, or a sign says nothing."""
    words, times, is_time = [], [], False
    if _TOKEN.sub("", folded):
        return None
    for found in _TOKEN.finditer(folded):
        word = found["word"] or ""
        if found["hour"] and (found["minute"] or found["half"] or is_time):
            times.append((_time(found), bool(found["minute"] or found["half"])))
        elif word in _TIMES_OF_DAY:
            times.append((_TIMES_OF_DAY[word], True))
        elif found["word"] or found["hour"] or found["through"]:
            is_time = word == "at" or (is_time and word == "and")
            words.append("-" if found["through"] else _spelled(word or found[0]))
    if any(time is None for time, _ in times) or len({is_whole for _, is_whole in times}) > 1:
        return None
    said = " ".join(word for word in words if word not in _LEFT_OUT)
    return _Written(_THROUGH.sub(_range, said), tuple(dict.fromkeys(time for time, _ in times if time)))


def _time(found: re.Match[str]) -> tuple[int, int] | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= _HALF_A_DAY:
            return None
        hour = hour % _HALF_A_DAY + (_HALF_A_DAY if found["half"] == "p" else 0)
    return (hour, minute) if hour <= 23 and minute <= 59 else None  # noqa: PLR2004 - of a clock


def _spelled(word: str) -> str:
    """Return a word as the patterns spell it: the one of which it is a misspelling, with the same first letter."""
    if word not in _RIGHT:
        word = nearest(word, [name for name in _SPELLED if name[0] == word[0]]) or word
    return _ONE.get(word, word)


def _range(found: re.Match[str]) -> str:
    """Return days of the week from one through another: as a list where cron would count them backwards."""
    first, last = ([day[:3] for day in WEEK].index(found[number]) for number in (1, 2))
    if first < last:
        return f"{found[1]}-{found[2]}"
    return ",".join(WEEK[number % len(WEEK)][:3] for number in range(first, last + len(WEEK) + 1))


def _whole_name(beginning: str) -> str:
    """Return the day of the week that begins so; empty for several of them."""
    return next((day for day in WEEK if day[:3] == beginning), "")


def _week_days(found: re.Match[str]) -> str:
    days = (found["days"] or "").replace("every ", "").split()
    return ",".join(dict.fromkeys(days))


def _weekly(found: re.Match[str], written: _Written) -> str:
    days = _week_days(found)
    if len(written.times) > 1 or not (name := _whole_name(days)):
        return written.cron("02:00", f"* * {days}")
    return f"weekly on {name} at {written.at('02:00')}"


def _on_some_days(found: re.Match[str], written: _Written) -> str:
    days = _week_days(found)
    return "" if _whole_name(days) else written.cron("02:00", f"* * {days}")


def _any_week_day(_: re.Match[str], written: _Written) -> str:
    return f"weekly on sunday at {written.at('02:00')}" if len(written.times) <= 1 else written.cron("", "* * sun")


def _daily(_: re.Match[str], written: _Written) -> str:
    return written.cron("", "* * *") if len(written.times) > 1 else f"daily at {written.at('02:00')}"


def _nightly(found: re.Match[str], written: _Written) -> str:
    """Return the form; empty for `every night at 11`, which is hardly 11:00."""
    return "" if any(hour in _BY_DAY for hour, _ in written.times) else _daily(found, written)


def _twice_a_day(_: re.Match[str], written: _Written) -> str:
    return {0: "0 2,14 * * *", 2: written.cron("02:00", "* * *")}.get(len(written.times), "")


def _in_steps(found: re.Match[str], written: _Written) -> str:
    """Return a cron expression with steps, which begin again with each hour or day; empty where that is no step."""
    days = _week_days(found) or "*"
    words = found["step"].removeprefix("every ").split()
    if written.times or words in (["hourly"], ["hour"]):
        return "" if written.times else f"0 * * * {days}"
    count, unit = _STEP_WORDS[" ".join(words)] if " ".join(words) in _STEP_WORDS else (int(words[0]), words[1])
    if not count or (60 if unit == "min" else 24) % count:
        return ""
    return f"*/{count} * * * {days}" if unit == "min" else f"0 */{count} * * {days}"


def _in_a_month(on: str) -> str:
    """Return the day of the month that is meant, as the forms write it; numbers with commas; empty: none of it."""
    if re.fullmatch(_IN_ONE_MONTH, on.removeprefix("every ")):
        which, name = on.removeprefix("every ").split()
        return f"{_WHICH.get(which, which)} {_whole_name(name)}"
    if on in {"last day", "end"}:
        return "last day"
    if on in {"first", "first day"}:
        return "day 1"
    numbers = [int(number) for number in re.findall(r"\d+", on)] if _MONTH_DAYS.fullmatch(on) else []
    if numbers == [_LAST_DAY]:
        return "last day"
    if not numbers or not all(1 <= number <= _LAST_SAFE_DAY for number in numbers):
        return ""
    return f"day {numbers[0]}" if len(numbers) == 1 else ",".join(str(number) for number in sorted(set(numbers)))


def _of_month(every: str, usual: str, *, at: str, months: str) -> Callable[[re.Match[str], _Written], str]:
    """Return what writes a form of months, with the usual day and time where none is written."""

    def schedule(found: re.Match[str], written: _Written) -> str:
        on = found["on"] or ""
        day = f"first {_whole_name(on)}" if on and _whole_name(on) else _in_a_month(on) if on else usual
        if not day or (len(written.times) <= 1 and "," not in day):
            return f"{every} on {day} at {written.at(at)}" if day else ""
        numbers = day.removeprefix("day ")
        return "" if " " in numbers else written.cron(at, f"{numbers} {months} *")

    return schedule


def _on_the_first(months: str) -> Callable[[re.Match[str], _Written], str]:
    return lambda _, written: written.cron("10:00", f"1 {months} *")


_monthly = _of_month("monthly", "day 1", at="03:00", months="*")
_quarterly = _of_month("quarterly", "day 15", at="10:00", months="1,4,7,10")
_A_WEEK, _A_MONTH = r"(?:weekly|(?:every )?week)", r"(?:monthly|(?:every )?month)"
_A_QUARTER = r"(?:quarterly|(?:every )?quarter|every (?:3|three) month)"
_NOT_ONE_DAY = rf"(?P<on>(?!(?:{_NAME})\b).+?)"
"""Before the month: `monday of each month` may be every Monday in it."""

_MEANINGS: tuple[tuple[str, Callable[[re.Match[str], _Written], str]], ...] = (
    (r"(?:every )?day|daily", _daily),
    (r"(?:every )?night|nightly", _nightly),
    (r"twice (?:every )?(?:day|daily)|daily twice", _twice_a_day),
    (rf"{_STEPS}(?: {_DAYS})?", _in_steps),
    (_A_WEEK, _any_week_day),
    (rf"(?:{_A_WEEK} )?{_DAYS}", _weekly),
    (rf"{_DAYS} {_A_WEEK}", _weekly),
    (rf"(?:daily|(?:every )?day) {_DAYS}", _on_some_days),
    (
        r"(?:every )?half year(?:ly)?|(?:semi ?|bi)annual(?:ly)?|twice (?:every )?year(?:ly)?|every (?:6|six) month",
        _on_the_first("1,7"),
    ),
    (r"yearly|annual(?:ly)?|(?:every )?year", _on_the_first("1")),
    (rf"{_A_QUARTER}(?: (?P<on>.+))?", _quarterly),
    (rf"{_NOT_ONE_DAY} {_A_QUARTER}", _quarterly),
    (rf"{_A_MONTH}(?: (?P<on>.+))?", _monthly),
    (rf"{_NOT_ONE_DAY} {_A_MONTH}", _monthly),
    (_IN_ONE_MONTH, _monthly),
)
"""How often, by all words of a text: the first pattern that takes in all of them."""
