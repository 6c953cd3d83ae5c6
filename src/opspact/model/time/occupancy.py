"""Times of schedules as sets of days and sets of minutes of the day: quick to compare, and right on the time line.

Comes in: schedules, lengths, the days looked at. Goes out: sets as bits of whole numbers, and where two of them meet.

Minutes are counted from the beginning of their day, as they pass. On most days that is the clock on the wall; a day on
which clocks are set has fewer or more of them, and what runs through the change ends when its length has passed.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, reduce
from itertools import product
from math import ceil
from operator import or_
from zoneinfo import ZoneInfo

from opspact.model.time.clock_changes import clock_changes
from opspact.model.time.intervals import union
from opspact.model.time.occurrences import due_days, occurrences
from opspact.structs import Struct
from opspact.values.schedule import Schedule

MINUTES = 1440
"""Of a day without a clock change."""

LONGEST_DAY = MINUTES + 180
"""No zone sets its clocks back by more than three hours."""

_WHOLE_DAY = (1 << MINUTES) - 1
_LONGEST = 366 * 86_400
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


class Part(Struct):
    """Minutes of days: on each day whose bit is set in `days`, those minutes since it began whose bits are set."""

    days: int
    minutes: int


class Taken(Struct):
    """Times that something takes, begun on `days`: bit d is the d-th of the days looked at.

    `usual`: what it would take if no clocks were set, where that is something else.
    """

    days: int
    parts: tuple[Part, ...]
    usual: tuple[Part, ...] = ()

    @property
    def by_the_clock(self) -> "Taken":
        """The times that it would take if no clocks were set."""
        return Taken(self.days, self.usual or self.parts)


class Days(Struct, dict=True):
    """The days looked at, the last one included, and the zone whose days they are."""

    first: date
    last: date
    zone: str = "UTC"

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    @cached_property
    def changes(self) -> tuple[int, ...]:
        """The numbers of the days on which clocks are set."""
        return tuple((each.day - self.first).days for each in clock_changes(self.zone, self.first, self.last))

    def due_days(self, schedule: Schedule) -> int:
        """Given a schedule, return the days on which it is due, as bits."""
        if schedule.is_every_day:
            return (1 << self.count) - 1
        first = self.first.toordinal()
        return sum(1 << (day.toordinal() - first) for day in due_days(schedule, self.first, self.last))

    def between(self, first: date, last: date) -> int:
        """Given days, both included, return those of them that are looked at, as bits."""
        begin, end = max(0, (first - self.first).days), min(self.count, (last - self.first).days + 1)
        return (1 << end) - (1 << begin) if begin < end else 0

    def midnight(self, day: int) -> datetime:
        """Given a day's number, return the instant in UTC at which it begins."""
        return datetime.combine(self.first + day * _DAY, time(), ZoneInfo(self.zone)).astimezone(UTC)

    def number(self, at: datetime) -> int:
        """Given an instant, return the number of the day on which it is."""
        return (at.astimezone(ZoneInfo(self.zone)).date() - self.first).days

    def at(self, day: int, minute: int) -> datetime:
        """Given a day's and a minute's number, return that time by the clock on the wall, without a zone."""
        return (self.midnight(day) + minute * _MINUTE).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)


def taken(schedule: Schedule, looked_at: Days, *, days: int, seconds: float, forward: bool = False) -> Taken:
    """Given a schedule, the days that fit it and how long it takes each time, return the times that it takes.

    Whole minutes, at least the one in which it begins, at most a year. `forward`: a wall time that does not exist is
    moved by the length of the gap, as for what people do, not passed over.
    """
    starts = sum(1 << (hour * 60 + minute) for hour, minute in product(schedule.hours, schedule.minutes))
    length = max(1, ceil(min(seconds, _LONGEST) / 60))
    parts = _by_day(_spread(starts, length))
    touched = _through_a_change(looked_at, len(parts)) & days
    found: dict[int, int] = {}
    for late, minutes in enumerate(parts):
        if minutes and days & ~touched:
            found[minutes] = found.get(minutes, 0) | (days & ~touched) << late
    zone, midnight = ZoneInfo(looked_at.zone), looked_at.midnight
    begins = (
        at
        for day in bits(touched)
        for at in occurrences(schedule, zone, midnight(day), end=midnight(day + 1), forward=forward)
    )
    for day, minutes in _on_the_time_line(looked_at, ((at, at + length * _MINUTE) for at in begins)):
        found[minutes] = found.get(minutes, 0) | 1 << day
    usual = tuple(Part(days << late, minutes) for late, minutes in enumerate(parts) if minutes) if touched else ()
    return Taken(days, tuple(Part(those, minutes) for minutes, those in found.items()), usual)


def _through_a_change(looked_at: Days, length: int) -> int:
    """Return the days from which so many, each counted as the first, contain one on which clocks are set."""
    return sum({1 << day for change in looked_at.changes for day in range(max(0, change - length + 1), change + 1)})


def _on_the_time_line(looked_at: Days, spells: Iterable[tuple[datetime, datetime]]) -> Iterable[tuple[int, int]]:
    """Given spells, yield the days that they touch, each with its minutes, as bits."""
    by_day: dict[int, int] = {}
    for start, end in union(spells):
        day = looked_at.number(start)
        while (begin := looked_at.midnight(day)) < end:
            first = max(0, (start - begin) // _MINUTE)
            last = (min(end, looked_at.midnight(day + 1)) - begin) // _MINUTE
            by_day[day] = by_day.get(day, 0) | ((1 << last) - (1 << first) if first < last else 0)
            day += 1
    yield from by_day.items()


def whole_days(days: int, looked_at: Days) -> Taken:
    """Given days, return all of their time."""
    changes = [day for day in looked_at.changes if days >> day & 1]
    usual = days & ~sum(1 << day for day in changes)
    lengths = [(day, (looked_at.midnight(day + 1) - looked_at.midnight(day)) // _MINUTE) for day in changes]
    own = [Part(1 << day, (1 << length) - 1) for day, length in lengths]
    parts = (*([Part(usual, _WHOLE_DAY)] if usual else []), *own)
    return Taken(days, parts, (Part(days, _WHOLE_DAY),) if own else ())


def _spread(minutes: int, length: int) -> int:
    """Return the minutes, each of them and the following ones, `length` in all."""
    done = 1
    while done < length:
        step = min(done, length - done)
        minutes |= minutes << step
        done += step
    return minutes


def _by_day(minutes: int) -> tuple[int, ...]:
    parts = []
    while minutes:
        parts.append(minutes & _WHOLE_DAY)
        minutes >>= MINUTES
    return tuple(parts)


def first_overlap(one: Taken, other: Taken, within: int) -> tuple[int, int] | None:
    """Given two sets and how many days are looked at, return day and minute of the first time that both take."""
    looked_at = (1 << within) - 1
    found: list[tuple[int, int]] = []
    for part in one.parts:
        for against in other.parts:
            minutes = part.minutes & against.minutes
            days = part.days & against.days & looked_at if minutes else 0
            if days:
                found.append((_lowest(days), _lowest(minutes)))
    return min(found, default=None)


def overlap_days(one: Taken, other: Taken, within: int) -> int:
    """Given two sets and how many days are looked at, return the days on which both take a time, as bits."""
    found = 0
    for part in one.parts:
        for against in other.parts:
            found |= part.days & against.days if part.minutes & against.minutes else 0
    return found & ((1 << within) - 1)


def outside(one: Taken, others: Sequence[Taken], within: int) -> tuple[int, int] | None:
    """Given a set and others, return day and minute of the first time that is in the set and in none of the others."""
    left = _left(one, others, within)
    return min(((_lowest(days), _lowest(minutes)) for days, minutes in left), default=None)


def outside_days(one: Taken, others: Sequence[Taken], within: int) -> int:
    """Given a set and others, return the days with a time that is in the set and in none of the others, as bits."""
    return reduce(or_, (days for days, _ in _left(one, others, within)), 0)


def _left(one: Taken, others: Sequence[Taken], within: int) -> list[tuple[int, int]]:
    """Return days and minutes of them that are in a set and in none of the others."""
    looked_at = (1 << within) - 1
    left = [(part.days & looked_at, part.minutes) for part in one.parts]
    for cover in (part for other in others for part in other.parts):
        left = [
            (days, minutes)
            for days_left, minutes_left in left
            for days, minutes in (
                (days_left & ~cover.days, minutes_left),
                (days_left & cover.days, minutes_left & ~cover.minutes),
            )
            if days and minutes
        ]
    return [(days, minutes) for days, minutes in left if days and minutes]


def bits(number: int) -> list[int]:
    """Given a number, return the positions of its bits that are set, the lowest first."""
    return [position for position, bit in enumerate(reversed(f"{number:b}")) if bit == "1"]


def _lowest(number: int) -> int:
    return (number & -number).bit_length() - 1
