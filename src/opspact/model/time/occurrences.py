"""The instants at which a schedule is due.

Comes in: a schedule, a zone, two instants. Goes out: instants in UTC.

The hosts' systemd keeps schedules, so its reading counts (measured with 252, see `values.schedule`): a wall time that
does not exist on a day is passed over, an hour that comes twice is due the first time. A hand-over is kept by people,
who come an hour later on such a day: `forward` moves a wall time that does not exist by the length of the gap.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

from opspact.values.schedule import Schedule

_DAY = timedelta(days=1)
_DAYS_OF_WEEK = 7
_INSTANT = timedelta(microseconds=1)
_STRIDE = timedelta(days=8)
"""How far back is looked at once for the last occurrence: most schedules are due within a week."""
_TWO_WEEKS = timedelta(days=15)
_HORIZON = timedelta(days=8 * 366)
"""A 29 February comes again within eight years."""


def occurrences(
    schedule: Schedule, zone: ZoneInfo, start: datetime, *, end: datetime, forward: bool = False
) -> Iterator[datetime]:
    """Given a schedule and two instants (aware; half open), yield the instants in UTC at which it is due, in order."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    times = [time(hour, minute) for hour, minute in product(schedule.hours, schedule.minutes)]
    for day in due_days(schedule, start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()):
        for instant in _instants(day, times, zone, forward=forward):
            if start <= instant < end:
                yield instant


def last_occurrence(
    schedule: Schedule, zone: ZoneInfo, until: datetime, *, not_before: datetime, forward: bool = False
) -> datetime | None:
    """Given a schedule, return its last occurrence at or before `until` and at or after `not_before`, in UTC."""
    until, first = until.astimezone(UTC), not_before.astimezone(UTC)
    while until >= first:
        start = max(first, until - _STRIDE)
        found = list(occurrences(schedule, zone, start, end=until + _INSTANT, forward=forward))
        if found:
            return found[-1]
        until = start - _INSTANT
    return None


def next_occurrence(schedule: Schedule, zone: ZoneInfo, after: datetime, *, forward: bool = False) -> datetime | None:
    """Given a schedule, return its first occurrence after an instant, in UTC; None: none within eight years."""
    start = after.astimezone(UTC) + _INSTANT
    return next(occurrences(schedule, zone, start, end=start + _HORIZON, forward=forward), None)


def least_interval(schedule: Schedule) -> timedelta:
    """Given a schedule by days of the week, return the shortest time between two occurrences, without clock changes."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    due = occurrences(schedule, ZoneInfo("UTC"), start, end=start + _TWO_WEEKS)
    return min(later - earlier for earlier, later in pairwise(due))


def due_days(schedule: Schedule, first: date, last: date) -> Iterator[date]:
    """Given a schedule and two days, both included, yield the days on which it is due."""
    if schedule.days is not None:
        first, last = max(first, schedule.days.first), min(last, schedule.days.last)
    ordinals: Iterable[int] = range(first.toordinal(), last.toordinal() + 1)
    if schedule.either_day:
        return (day for day in map(date.fromordinal, ordinals) if is_due_on(schedule, day))
    if not schedule.is_every_month_day:
        ordinals = _month_days(schedule, first, last)
    if len(schedule.week_days) < _DAYS_OF_WEEK:  # 1 is a Monday, 7 a Sunday
        ordinals = (ordinal for ordinal in ordinals if ordinal % 7 in schedule.week_days)
    return map(date.fromordinal, ordinals)


def _month_days(schedule: Schedule, first: date, last: date) -> Iterator[int]:
    """Yield the ordinals of a schedule's days of its months: far fewer than all days, for most such schedules."""
    bounds = range(first.toordinal(), last.toordinal() + 1)
    for year, month in product(range(first.year, last.year + 1), schedule.months):
        length, before = monthrange(year, month)[1], date(year, month, 1).toordinal() - 1
        for day in _days_of_month(schedule, length):
            if day <= length and before + day in bounds:
                yield before + day


def _days_of_month(schedule: Schedule, length: int) -> Iterable[int]:
    if schedule.last_day:
        return (length,)
    return range(length - _DAYS_OF_WEEK + 1, length + 1) if schedule.last_week else schedule.month_days


def is_due_on(schedule: Schedule, day: date) -> bool:
    """Whether a schedule is due on a day."""
    if day.month not in schedule.months or (schedule.days is not None and day not in schedule.days):
        return False
    by_week = day.isoweekday() % 7 in schedule.week_days
    by_month = day.day in _days_of_month(schedule, monthrange(day.year, day.month)[1])
    return by_week or by_month if schedule.either_day else by_week and by_month


def _instants(day: date, times: Iterable[time], zone: ZoneInfo, *, forward: bool) -> Sequence[datetime]:
    """Return the instants of wall times on a day, in order, without those that do not exist and are not moved."""
    found = []
    for clock_instant in times:
        instant = datetime.combine(day, clock_instant, zone).astimezone(
            UTC
        )  # of one in a gap, the offset before the gap counts
        if forward or instant.astimezone(zone).time() == clock_instant:
            found.append(instant)
    return sorted(set(found)) if len(found) > 1 else found
