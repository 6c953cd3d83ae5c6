"""Schedules as the hosts' systemd keeps them.

Comes in: what is written, a zone. Goes out: `OnCalendar=` lines.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from opspact.structs import Struct, replace
from opspact.values.period import Period

_WEEK = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_EVERY_WEEK_DAY = tuple(range(7))
_EVERY_MONTH_DAY = tuple(range(1, 32))
_EVERY_MONTH = tuple(range(1, 13))
_EVERY_HOUR = tuple(range(24))
_EVERY_MINUTE = tuple(range(60))
_SHORTEST_RANGE = 3


class Schedule(Struct):
    """When something is due: every instant whose wall-clock parts are all in these sets.

    Minutes 0-59, hours 0-23, month days 1-31, months 1-12, week days 0-6 from Sunday, each sorted. With `last_day`
    the month day is the month's last and `month_days` is empty; with `last_week`, one of its last seven. With
    `either_day` a day fits by its month day or by its week day (cron's rule when both are given); otherwise by both.
    `weeks`: of a hand-over alone, each so many occurrences count, from the first one on. `text` is what is written.
    `days`: on these days alone (None: on all days).
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: tuple[int, ...]
    months: tuple[int, ...]
    week_days: tuple[int, ...]
    last_day: bool = False
    either_day: bool = False
    weeks: int = 1
    last_week: bool = False
    days: Period | None = None

    @property
    def is_every_day(self) -> bool:
        """Whether it is due on each day."""
        return self.days is None and self.is_every_month_day and self.week_days == _EVERY_WEEK_DAY

    @property
    def is_every_month_day(self) -> bool:
        """Whether no month and no day of a month is left out."""
        return (self.months, self.month_days) == (_EVERY_MONTH, _EVERY_MONTH_DAY)

    def __str__(self) -> str:
        """Return the schedule as written."""
        return self.text

    def on_days(self, days: Period) -> "Schedule":
        """Given days, return the schedule on these days alone."""
        return replace(self, text=f"{self.text} ({days})", days=days)


def on_calendar(schedule: Schedule, zone: str) -> tuple[str, ...]:
    """Given a schedule and an IANA zone, return the values of the `OnCalendar=` lines of its timer, two at most.

    Several lines are alternatives; an instant that fits both is due once. Source of the grammar: systemd.time(7).
    At a clock change systemd (measured with 252) passes over a wall time that does not exist on that day, and is due
    once in an hour that comes twice.
    """
    if schedule.either_day:
        return (
            _line(schedule, zone, week_days=_EVERY_WEEK_DAY, month_days=schedule.month_days),
            _line(schedule, zone, week_days=schedule.week_days, month_days=_EVERY_MONTH_DAY),
        )
    return (_line(schedule, zone, week_days=schedule.week_days, month_days=schedule.month_days),)


def on_calendar_days(schedule: Schedule, zone: str, days: Iterable[date]) -> tuple[str, ...]:
    """Given a schedule, its zone and the days on which it is due, in order, return lines that name these days.

    One line a month: systemd's ranges of days end with the month.
    """
    time = _time(schedule)
    months = groupby(days, key=lambda day: (day.year, day.month))
    return tuple(
        f"{year}-{month:02}-{_numbers([day.day for day in of_month], _EVERY_MONTH_DAY)} {time} {zone}"
        for (year, month), of_month in months
    )


def _line(schedule: Schedule, zone: str, *, week_days: tuple[int, ...], month_days: tuple[int, ...]) -> str:
    month = _numbers(schedule.months, _EVERY_MONTH)
    day = f"-{_numbers(month_days, _EVERY_MONTH_DAY)}"
    if schedule.last_day or schedule.last_week:
        day = "~01" if schedule.last_day else "~07/1"
    week_day = "" if week_days == _EVERY_WEEK_DAY else ",".join(_WEEK[day] for day in week_days) + " "
    return f"{week_day}*-{month}{day} {_time(schedule)} {zone}"


def _time(schedule: Schedule) -> str:
    return f"{_numbers(schedule.hours, _EVERY_HOUR)}:{_numbers(schedule.minutes, _EVERY_MINUTE)}:00"


def _numbers(values: Sequence[int], every: tuple[int, ...]) -> str:
    """Given sorted numbers and all that there are, return them as systemd writes them: `*`, lists, ranges."""
    if tuple(values) == every:
        return "*"
    parts: list[str] = []
    start = 0
    for end in range(1, len(values) + 1):
        if end < len(values) and values[end] == values[end - 1] + 1:
            continue
        run = values[start:end]
        if len(run) >= _SHORTEST_RANGE:
            parts.append(f"{run[0]:02}..{run[-1]:02}")
        else:
            parts.extend(f"{value:02}" for value in run)
        start = end
    return ",".join(parts)
