"""The open time of one year, laid out so that a deadline is found by bisection.

Comes in: the hours of each day, a zone. Goes out: sums and instants, in microseconds since 1970 UTC.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from opspact.model.time.intervals import union
from opspact.structs import Struct
from opspact.values.hours import DayHours

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MINUTES_OF_DAY = 1440


def to_microseconds(at: datetime) -> int:
    """Given an aware instant, return its microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """Given microseconds since 1970 UTC, return the instant in UTC. Raise OverflowError after the year 9999."""
    return EPOCH + at * MICROSECOND


def clock_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Given a day and a wall time, return its instant in UTC.

    A time that does not exist moves forward by the gap (the offset before it counts); of one that comes twice it is
    the first.
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


class OpenYear(Struct):
    """Open intervals of a year: `starts`, `ends`, and the open time `upto` each end; `days` are its working days.

    `end` is where the year ends, or where what is known of it does: then `is_whole` is false.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    upto: tuple[int, ...]
    days: tuple[int, ...]
    end: int
    is_whole: bool

    @property
    def total(self) -> int:
        """The open time of the whole year."""
        return self.upto[-1] if self.upto else 0

    def before(self, at: int) -> int:
        """Given an instant, return the open time of the year before it."""
        index = bisect_right(self.ends, at)
        if index == len(self.ends):
            return self.total
        return self.upto[index] - self.ends[index] + max(at, self.starts[index])

    def instant_after(self, amount: int) -> int:
        """Given an open time, more than 0 and no more than `total`, return the earliest instant that has it before."""
        index = bisect_left(self.upto, amount)
        return self.ends[index] - (self.upto[index] - amount)

    def opening(self, at: int) -> int | None:
        """Given an instant, return it where the year is open, else the next opening; None: there is none any more."""
        index = bisect_right(self.ends, at)
        return max(at, self.starts[index]) if index < len(self.ends) else None

    def open_on_day(self, at: int, midnight: int) -> int:
        """Given an instant and the begin of its day, which has open time, return the open instant of it that counts.

        That is the instant itself where the year is open then, or closes; else the day's last closing before it; else
        its first opening.
        """
        index = bisect_left(self.ends, at)
        if index < len(self.ends) and self.starts[index] <= at:
            return at
        if index and self.ends[index - 1] > midnight:
            return self.ends[index - 1]
        return self.starts[index]

    def between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Given two instants, return what is open between them."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        return [(max(self.starts[index], start), min(self.ends[index], end)) for index in range(first, last)]


def open_year(year: int, hours_on: Callable[[date], DayHours], zone: ZoneInfo, *, known: date) -> OpenYear:
    """Given a year, the hours of each of its days, their zone and the last day known, return its open time."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    through = min(last, known)
    by_day = [(day, hours_on(day)) for day in _days(first, through)]
    opened = union((_bound(day, start, zone), _bound(day, end, zone)) for day, hours in by_day for start, end in hours)
    return OpenYear(
        starts=tuple(start for start, _ in opened),
        ends=tuple(end for _, end in opened),
        upto=tuple(accumulate(end - start for start, end in opened)),
        days=tuple(day.toordinal() for day, hours in by_day if hours),
        end=_bound(through, _MINUTES_OF_DAY, zone),
        is_whole=through == last,
    )


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * offset for offset in range((last - first).days + 1)]


def _bound(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return the instant of a minute of a day; minute 1440 is the next day's first."""
    if minute == _MINUTES_OF_DAY:
        day, minute = day + _DAY, 0
    return to_microseconds(clock_instant(day, time(*divmod(minute, 60)), zone))
