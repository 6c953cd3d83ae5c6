"""Times of schedules as sets of days and sets of minutes of the day, by the clock on the wall: quick to compare.

Comes in: schedules, lengths, the days looked at. Goes out: sets as bits of whole numbers, and where two of them meet. A
clock change moves nothing here: what it does to a schedule is a rule of its own.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import product
from math import ceil
from operator import or_

from opspact.model.time.occurrences import due_days
from opspact.structs import Struct
from opspact.values.schedule import Schedule

MINUTES = 1440
_WHOLE_DAY = (1 << MINUTES) - 1
_LONGEST = 366 * 86_400


class Taken(Struct):
    """Times that something takes: on the k-th day after each day of `days`, the minutes `parts[k]`.

    Bit d of `days` is the d-th of the days looked at, bit m of a part the m-th minute of the day.
    """

    days: int
    parts: tuple[int, ...]


class Days(Struct):
    """The days looked at, the last one included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

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

    def at(self, day: int, minute: int) -> datetime:
        """Given a day's and a minute's number, return that time by the clock on the wall, without a zone."""
        return datetime.combine(self.first + timedelta(days=day), time(minute // 60, minute % 60))


def taken(schedule: Schedule, days: int, seconds: float) -> Taken:
    """Given a schedule, the days that fit it and how long it takes each time, return the times that it takes.

    Whole minutes, at least the one in which it begins, at most a year.
    """
    starts = sum(1 << (hour * 60 + minute) for hour, minute in product(schedule.hours, schedule.minutes))
    return Taken(days, _by_day(_spread(starts, max(1, ceil(min(seconds, _LONGEST) / 60)))))


def whole_days(days: int) -> Taken:
    """Given days, return all of their time."""
    return Taken(days, (_WHOLE_DAY,))


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
    for ahead, part in enumerate(one.parts):
        for behind, against in enumerate(other.parts):
            minutes = part & against
            days = (one.days << ahead) & (other.days << behind) & looked_at if minutes else 0
            if days:
                found.append((_lowest(days), _lowest(minutes)))
    return min(found, default=None)


def overlap_days(one: Taken, other: Taken, within: int) -> int:
    """Given two sets and how many days are looked at, return the days on which both take a time, as bits."""
    found = 0
    for ahead, part in enumerate(one.parts):
        for behind, against in enumerate(other.parts):
            found |= (one.days << ahead) & (other.days << behind) if part & against else 0
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
    left = [((one.days << ahead) & looked_at, part) for ahead, part in enumerate(one.parts)]
    for other in others:
        for behind, part in enumerate(other.parts):
            cover = other.days << behind
            left = [
                (days, minutes)
                for days_left, minutes_left in left
                for days, minutes in ((days_left & ~cover, minutes_left), (days_left & cover, minutes_left & ~part))
                if days and minutes
            ]
    return [(days, minutes) for days, minutes in left if days and minutes]


def bits(number: int) -> list[int]:
    """Given a number, return the positions of its bits that are set, the lowest first."""
    return [position for position, bit in enumerate(reversed(f"{number:b}")) if bit == "1"]


def _lowest(number: int) -> int:
    return (number & -number).bit_length() - 1
