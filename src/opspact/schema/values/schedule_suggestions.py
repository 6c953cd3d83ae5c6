"""What people write for a schedule that is none, and the form that says the same: `every day at 2am`, `@daily`.

Comes in: written text. Goes out: schedules that may be meant, none of them checked.
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
_ON_CALENDAR = re.compile(r"(?:([a-z]{3})[a-z]* )?\*-(\*|\d\d)-(\*|\d\d) (\d\d):(\d\d)(?::00)?")
_CLOCK = re.compile(
    r"\b(\d{1,2}):(\d\d)(?::\d\d)? ?([ap]m)?\b|\b(\d{1,2}) ?([ap]m)\b|\b(noon|midnight)\b|(?<=\bat )(\d{1,2})\b"
)
_EVERY_HOUR = re.compile(r"(?:hourly|every hour)(?: (?:at|on|past) (?:\d{1,2}:|:)?([0-5]\d))?")
_STEP = re.compile(r"every (\d+) ?(min|h)(?:ute|our)?s?")
_NAMES = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "final": "last"}
_ONE_DAY = r"(?P<day>mon(?!th)|tue|wed|thu|fri|sat|sun(?!set|ris))[a-z]{0,7}"
_NUMBERED_DAY = re.compile(rf"\b(?P<number>{'|'.join([*NUMBERS, *_NAMES])}) {_ONE_DAY}\b")
_WEEK_DAY = re.compile(rf"\b{_ONE_DAY}\b")
_WORKDAYS = re.compile(r"\b(week|work)days?\b|\bmon(day)? ?(-|to|through|\.\.) ?fri(day)?\b")
_WEEKEND = re.compile(r"\bweekends?\b")
_END = re.compile(r"\blast day\b|\bend of (the |every |each )?(month|quarter)\b|\bmonth[- ]end\b")
_DAY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\b")
_EVERY_MONTHS = re.compile(r"\bevery (\w+) months\b")
_WORD = re.compile(r"[^\W_]+")
_KNOWN_WORD = re.compile(
    rf"on|at|the|of|in|an?|and|to|through|every|each|past|per|once|twice|end|half|semi|{'|'.join([*NUMBERS, *_NAMES])}"
    rf"|{'|'.join([*WEEK, *(day[:3] for day in WEEK)])}|\d{{1,2}}(st|nd|rd|th|[ap]m)?|[ap]m|three|six|noon|midnight"
    r"|h|hours?|hourly|min|minutes?|days?|daily|night(ly)?|week(s|ly)?|(week|work)days?|weekends?|month(s|ly)?"
    r"|quarter(s|ly)?|year(s|ly)?|(semi|bi)?annual(ly)?"
)
_SPELLED = ("hourly", "daily", "weekly", "monthly", "quarterly", *WEEK)
_UNCLEAR = re.compile(
    r"\btwice (?!a day|daily|a year)|\bevery (?:\w+ )?weeks\b|\bevery second\b|\bto\b(?! fri)"
    r"|\bdays? of\b(?! (the |every |each )?month)"
)
"""What none of the forms can say, or what is said in more than one way."""
_LAST_SAFE_DAY, _LAST_DAY, _HALF_A_DAY = 28, 31, 12


class _Written(Struct):
    """What a text says: its words, the times in it (hour, minute), and the rest without them."""

    rest: str
    times: tuple[tuple[int, int], ...]

    def at(self, usual: str) -> str:
        """Return the one time, or the usual one; of several the first."""
        return "{:02}:{:02}".format(*self.times[0]) if self.times else usual

    def cron(self, usual: str, days: str) -> str:
        """Return a cron expression with all times and the fields of days; empty where the times' minutes differ."""
        times = self.times or (tuple(map(int, usual.split(":"))),)
        if len({minute for _, minute in times}) > 1:
            return ""
        return f"{times[0][1]} {','.join(str(hour) for hour in sorted({hour for hour, *_ in times}))} {days}"


def suggestions(text: str) -> Iterator[str]:
    """Given text that is no schedule, yield what may be meant, the likeliest first; not all of it need be valid."""
    folded = _WORD.sub(_spelled, " ".join(text.casefold().replace("'", "").replace('"', "").split()))
    if folded in _SHORTCUTS:
        yield _SHORTCUTS[folded]
    elif _CRON.fullmatch(text):
        yield text.split(maxsplit=1)[1].replace("?", "*") if len(text.split()) == _SECONDS_FIRST else ""
    elif found := _ON_CALENDAR.fullmatch(folded):
        yield _of_systemd(found)
    elif every_hour := _EVERY_HOUR.fullmatch(folded):
        yield f"hourly at :{every_hour[1] or 15}"
    elif step := _STEP.fullmatch(folded):
        yield _of_steps(int(step[1]), step[2])
    elif all(map(_KNOWN_WORD.fullmatch, _WORD.findall(folded))) and not _UNCLEAR.search(folded):
        yield from _of_words(folded)


def _spelled(word: re.Match[str]) -> str:
    """Return a word, or the one of which it is a misspelling."""
    return word[0] if _KNOWN_WORD.fullmatch(word[0]) else nearest(word[0], _SPELLED) or word[0]


def _of_steps(count: int, unit: str) -> str:
    """Return a cron expression with steps, which begin again with each hour or day; empty where that is no step."""
    if not count or (60 if unit == "min" else 24) % count:
        return ""
    return f"*/{count} * * * *" if unit == "min" else f"0 */{count} * * *"


def _of_systemd(found: re.Match[str]) -> str:
    """Return what a value of `OnCalendar=` says."""
    week_day, month, day, hour, minute = found.groups()
    if week_day:
        return f"weekly on {_whole_name(week_day)} at {hour}:{minute}" if (month, day) == ("*", "*") else ""
    if month == "*":
        return f"daily at {hour}:{minute}" if day == "*" else f"monthly on day {int(day)} at {hour}:{minute}"
    return f"{int(minute)} {int(hour)} {day.lstrip('0')} {int(month)} *"


def _of_words(folded: str) -> Iterator[str]:
    written = _read(folded)
    if written is not None:
        yield next((suggest(written) for words, suggest in _FREQUENCIES if re.search(words, folded)), "")


def _read(folded: str) -> _Written | None:
    """Return what a text says; None where a time in it does not exist."""
    times = []
    for found in _CLOCK.finditer(folded):
        hour, minute = int(found[1] or found[4] or found[7] or 0), int(found[2] or 0)
        half = found[3] or found[5]
        if found[6]:
            hour = _HALF_A_DAY if found[6] == "noon" else 0
        if half and not 1 <= hour <= _HALF_A_DAY:
            return None
        if half:
            hour = hour % _HALF_A_DAY + (_HALF_A_DAY if half == "pm" else 0)
        if hour > 23 or minute > 59:  # noqa: PLR2004 - of a clock
            return None
        times.append((hour, minute))
    return _Written(_CLOCK.sub(" ", folded), tuple(dict.fromkeys(times)))


def _week_days(written: _Written) -> list[str]:
    if _WORKDAYS.search(written.rest):
        return ["mon-fri"]
    if _WEEKEND.search(written.rest):
        return ["sat", "sun"]
    return list(dict.fromkeys(found["day"] for found in _WEEK_DAY.finditer(written.rest)))


def _weekly(written: _Written) -> str:
    days = _week_days(written)
    if not days and " on " in written.rest:
        return ""
    if len(written.times) > 1 or len(days) > 1 or days == ["mon-fri"]:
        return written.cron("02:00", f"* * {','.join(days or ['sun'])}")
    return f"weekly on {_whole_name(days[0]) if days else WEEK[0]} at {written.at('02:00')}"


def _daily(written: _Written) -> str:
    if len(written.times) > 1:
        return written.cron("02:00", "* * *")
    return f"daily at {written.at('02:00')}"


def _in_a_month(written: _Written, usual: str) -> str:
    """Return the day of the month that is meant, as the forms write it; empty where they cannot."""
    if found := _NUMBERED_DAY.search(written.rest):
        return f"{_NAMES.get(found['number'], found['number'])} {_whole_name(found['day'])}"
    if _END.search(written.rest):
        return "last day"
    days, numbers = _week_days(written), _DAY.findall(_EVERY_MONTHS.sub("", written.rest))
    if days and not numbers:
        return f"first {_whole_name(days[0])}" if len(days) == 1 else ""
    if len(numbers) == 1 and not days and 1 <= int(numbers[0]) <= _LAST_DAY:
        return f"day {int(numbers[0])}" if int(numbers[0]) <= _LAST_SAFE_DAY else "last day"
    return "" if " on " in written.rest else usual


def _whole_name(beginning: str) -> str:
    """Return the day of the week that begins so; empty for several of them."""
    return next((each for each in WEEK if each.startswith(beginning)), "")


def _monthly(written: _Written) -> str:
    if _EVERY_MONTHS.search(written.rest):
        return ""
    return f"monthly on {_in_a_month(written, 'day 1')} at {written.at('03:00')}"


def _quarterly(written: _Written) -> str:
    return f"quarterly on {_in_a_month(written, 'day 15')} at {written.at('10:00')}"


def _half_yearly(written: _Written) -> str:
    return "" if " on " in written.rest else written.cron("10:00", "1 1,7 *")


def _yearly(written: _Written) -> str:
    return "" if " on " in written.rest else written.cron("10:00", "1 1 *")


def _twice_a_day(written: _Written) -> str:
    return written.cron("", "* * *") if len(written.times) > 1 else "0 2,14 * * *"


_FREQUENCIES: tuple[tuple[str, Callable[[_Written], str]], ...] = (
    (r"half-?\s?year|semi-?annual|biannual|twice a year|every (6|six) months", _half_yearly),
    (r"\bquarter|every (3|three) months", _quarterly),
    (r"year|annual", _yearly),
    (r"month", _monthly),
    (rf"week|{_WEEK_DAY.pattern}|{_WORKDAYS.pattern}", _weekly),
    (r"twice (a day|daily)", _twice_a_day),
    (r"\b(daily|day|night)", _daily),
)
"""How often, by words in the text, in the order in which they count."""
