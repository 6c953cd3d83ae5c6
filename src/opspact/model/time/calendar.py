"""Calendars: when somebody works, and the arithmetic of deadlines on them.

Comes in: calendars from `resolve.calendar`, aware instants. Goes out: instants in UTC, seconds.

Conventions (docs/policies/time.md): intervals are half open. A deadline on closing time is the closing time. A clock
that starts outside hours starts at the next opening. A wall time that does not exist moves forward by the gap; of one
that comes twice the first counts. Working days keep the time of day, but end in open time. Pauses are wall intervals
and stop a clock only where it runs; days are added first.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from opspact.errors import Refused
from opspact.model.origin import Origin
from opspact.model.time.intervals import union
from opspact.model.time.official_year import OfficialYear, last_in_a_row, official_days
from opspact.model.time.open_year import MICROSECOND, OpenYear, clock_instant, instant, open_year, to_microseconds
from opspact.values.duration import Duration
from opspact.values.hours import WHOLE_DAY, DayHours

ALWAYS = "always"
"""The calendar that every contract has: every hour of every day."""

Interval = tuple[datetime, datetime]
"""From one aware instant to another, half open."""

_LAST_DAY = date(9998, 12, 31)
"""No day after it is ever known: the next year's first would be out of Python's reach."""


class BeyondKnown(Refused):
    """Business time was asked for after the last day whose holidays are known; it is never guessed."""

    def __init__(self, calendar: "Calendar") -> None:
        known = f"{calendar.known or _LAST_DAY} ({calendar.zone})"
        message = f"the calendar {calendar.name} is known through {known}; business time after that cannot be computed"
        if calendar.waits_for_announcement:
            message += ": later holidays are not announced yet"
        super().__init__(message, hint=calendar.remedy)


@dataclass(frozen=True)
class Calendar:
    """Working hours in a zone. `week` has the hours of each day, Monday's first.

    On the days of `day_hours` it is open in those, whatever else is said; `workdays` are worked on `workday_hours`;
    `closed` days and the (month, day) in `yearly` are not; then the `official` years count, each in place of what
    `country` says of it, and `country`, with make-up days on `workday_hours`. Nothing is known after `known_through`
    (None: everything is).
    """

    name: str
    zone: str
    week: tuple[DayHours, ...] = (WHOLE_DAY,) * 7
    country: str = ""
    subdivision: str = ""
    known_through: date | None = None
    closed: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    workdays: frozenset[date] = frozenset()
    workday_hours: DayHours = WHOLE_DAY
    day_hours: tuple[tuple[date, DayHours], ...] = ()
    official: tuple[OfficialYear, ...] = ()
    origin: Origin | None = None
    _years: dict[int, OpenYear] = field(default_factory=dict, init=False, repr=False, compare=False)
    _possible_years: dict[int, OpenYear] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        """Return its name."""
        return self.name

    @cached_property
    def is_always(self) -> bool:
        """Whether it is every hour of every day."""
        exceptions = self.country or self.day_hours or self.closed or self.yearly or self.known_through or self.official
        return not exceptions and set(self.week) | {self.workday_hours} == {WHOLE_DAY}

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """Its zone."""
        return ZoneInfo(self.zone)

    @cached_property
    def known(self) -> date | None:
        """The last day known: as written, but never after what the country has announced; None: every day is."""
        days = [day for day in (self.known_through, self._announced) if day is not None]
        return min(days, default=None)

    @cached_property
    def _announced(self) -> date | None:
        """The last day for which holidays are announced: by the library's knowledge, and the years written after it."""
        announced: date | None = _public().known_through(self.country) if self.country else None
        if not self.official or (self.country and announced is None):
            return announced
        years = {official.year for official in self.official}
        return date(last_in_a_row(years, announced.year if announced else min(years)), 12, 31)

    @cached_property
    def _official(self) -> dict[date, bool]:
        """Whether each day that the official years name is worked."""
        return official_days(self.official)

    @property
    def ends_with_announcements(self) -> bool:
        """Whether more days would be known if the library knew more announcements, whatever the policy says."""
        return self._announced is not None and self._announced == self.known != self.known_through

    @property
    def waits_for_announcement(self) -> bool:
        """Whether what comes after its last known day is not announced yet, as far as library and policy know."""
        return self._announced is not None and self._announced == self.known

    @property
    def remedy(self) -> str:
        """What to do so that more days are known."""
        if self.waits_for_announcement:
            return f"import the official list once it is published: opspact calendar import FILE --calendar {self.name}"
        if self._announced is not None and self._announced != self.known:
            return f"holidays are announced through {self._announced}: update known_through"
        return "add the next year's holidays and update known_through"

    @property
    def known_until(self) -> datetime | None:
        """The instant in UTC after which nothing is known; None: there is none."""
        return None if self.known is None else instant(self.open_year(self.known.year).end)

    def hours_on(self, day: date) -> DayHours:
        """Given a day, return its hours. Raise BeyondKnown when its holidays are not known."""
        if self.known is not None and day > self.known:
            raise BeyondKnown(self)
        if not self._exists(day):
            return ()
        if day in self._by_day:
            return self._by_day[day]
        if day in self.workdays:
            return self.workday_hours
        if day in self.closed or (day.month, day.day) in self.yearly:
            return ()
        worked = self._worked_by_announcement(day)
        if worked is not None:
            return self.workday_hours if worked else ()
        return self.week[day.weekday()]

    @cached_property
    def _by_day(self) -> dict[date, DayHours]:
        return dict(self.day_hours)

    def _worked_by_announcement(self, day: date) -> bool | None:
        """Return whether a day is worked or off by what was announced of it; None: nothing was, so the week counts."""
        worked = self._official.get(day)
        if worked is None and self.country and not any(official.year == day.year for official in self.official):
            public = _public().days_of(self.country, self.subdivision, day.year)
            if day in public.worked:
                return True
            if day in public.off:
                return False
        return worked

    @cached_property
    def _any_hours(self) -> DayHours:
        """The hours in which some day may be open: a day of which nothing is known is open in none but these."""
        return tuple(union(hours for day in (*self.week, self.workday_hours, *self._by_day.values()) for hours in day))

    def possible_year(self, year: int) -> OpenYear:
        """Given a year, return when a day of it may be open, whatever its holidays turn out to be."""
        found = self._possible_years.get(year)
        if found is None:
            found = open_year(year, lambda _: self._any_hours, self.zone_info, known=date(year, 12, 31))
            self._possible_years[year] = found
        return found

    def _exists(self, day: date) -> bool:
        """Whether the zone has the day: Samoa went from 2011-12-29 to 2011-12-31."""
        noon = datetime.combine(day, time(12), self.zone_info)
        return noon.astimezone(UTC).astimezone(self.zone_info).date() == day

    def open_year(self, year: int) -> OpenYear:
        """Given a year, return its open time. Raise BeyondKnown when none of it is known."""
        found = self._years.get(year)
        if found is None:
            known = self.known or _LAST_DAY
            if year > known.year:
                raise BeyondKnown(self)
            found = open_year(year, self.hours_on, self.zone_info, known=known)
            self._years[year] = found
        return found


def always(zone: str) -> Calendar:
    """Given a zone, return the calendar of every hour of every day; the zone says where its days begin."""
    return Calendar(ALWAYS, zone)


def _public() -> Any:
    """Return the module about public holidays, loaded now: its library takes a while, and few contracts need it."""
    return import_module("opspact.model.time.public_holidays")


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Given an aware instant, return whether the calendar is open then. Raise BeyondKnown when it is not known."""
    return bool(open_intervals(calendar, at, at.astimezone(UTC) + MICROSECOND))


def open_intervals(calendar: Calendar, start: datetime, end: datetime) -> list[Interval]:
    """Given two aware instants, return what is open between them, in UTC: sorted, apart from each other.

    Raise BeyondKnown when something before `end` is not known.
    """
    first, last = to_microseconds(start), to_microseconds(end)
    if last <= first:
        return []
    if calendar.is_always:
        return [(instant(first), instant(last))]
    pieces = union(*(year.between(first, last) for year in _years(calendar, first, last)))
    return [(instant(opening), instant(closing)) for opening, closing in pieces]


@lru_cache(maxsize=8)  # every roster asks for the hours of the same few calendars over the same time
def known_and_possible(
    calendar: Calendar, start: datetime, end: datetime
) -> tuple[Sequence[Interval], Sequence[Interval]]:
    """Given two aware instants, return what is open between them as far as is known, and that with what may be open.

    Both in UTC, sorted, apart from each other; the same when the calendar knows all of the time between.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    split = min(max(calendar.known_until or end, start), end)
    known = open_intervals(calendar, start, split)
    if split == end:
        return known, known
    years = range(_year_of(calendar, to_microseconds(split)), _year_of(calendar, to_microseconds(end)) + 1)
    first, last = to_microseconds(split), to_microseconds(end)
    beyond = union(*(calendar.possible_year(year).between(first, last) for year in years))
    return known, union(known, [(instant(opening), instant(closing)) for opening, closing in beyond])


def between(calendar: Calendar, start: datetime, end: datetime, *, pauses: Iterable[Interval] = ()) -> float:
    """Given two aware instants, return the seconds open between them, without those in pauses.

    Pauses may come in any order and run into each other. Raise BeyondKnown when something before `end` is not known.
    """
    found, at, last = 0, to_microseconds(start), to_microseconds(end)
    for pause_start, pause_end in _sorted(pauses):
        found += _open_time(calendar, at, min(pause_start, last))
        at = max(at, pause_end)
    return (found + _open_time(calendar, at, last)) / 1_000_000


def due(calendar: Calendar, start: datetime, length: Duration, *, pauses: Iterable[Interval] = ()) -> datetime:
    """Given an aware instant and a budget that begins then, return the instant in UTC at which it ends: the earliest.

    Pauses stop the clock; they may come in any order and run into each other. Working days are added first, and the
    deadline then moves by the open time of the pauses before it. Raise BeyondKnown when what is asked for is not known.
    """
    at, stops = to_microseconds(start), _sorted(pauses)
    match length.kind:
        case "elapsed":
            return instant(_spent(None, at, _amount(length), stops=stops))
        case "business":
            return instant(_spent(calendar, at, _amount(length), stops=stops))
        case "working_days":
            begin = _opening(calendar, at)
            end = _after_days(calendar, begin, length.amount)
            paused = sum(_open_time(calendar, max(stop, begin), min(go_on, end)) for stop, go_on in stops)
            return instant(_spent(calendar, end, paused, stops=stops) if paused else end)
        case _:
            assert_never(length.kind)


def opening(calendar: Calendar, at: datetime) -> datetime:
    """Given an aware instant, return it in UTC if the calendar is open then, else the next opening.

    Raise BeyondKnown when there is none that is known.
    """
    return instant(_opening(calendar, to_microseconds(at)))


def _sorted(pauses: Iterable[Interval]) -> list[tuple[int, int]]:
    return union((to_microseconds(start), to_microseconds(end)) for start, end in pauses) if pauses else []


def _amount(length: Duration) -> int:
    if length.amount < 0:
        raise ValueError(f"a budget cannot be negative, got {length.time}")
    return length.amount


def _year_of(calendar: Calendar, at: int) -> int:
    return instant(at).astimezone(calendar.zone_info).year


def _next_year(calendar: Calendar, number: int) -> int:
    """Given a year that is not enough, return the next one's number. Raise BeyondKnown when it ends what is known."""
    if not calendar.open_year(number).is_whole:
        raise BeyondKnown(calendar)
    return number + 1


def _years(calendar: Calendar, start: int, end: int) -> Iterator[OpenYear]:
    """Yield the years that two instants touch. Raise BeyondKnown when something before the end is not known."""
    number = _year_of(calendar, start)
    while True:
        year = calendar.open_year(number)
        yield year
        if end <= year.end:
            return
        number = _next_year(calendar, number)


def _opening(calendar: Calendar, at: int) -> int:
    if calendar.is_always:
        return at
    number = _year_of(calendar, at)
    while True:
        found = calendar.open_year(number).opening(at)
        if found is not None:
            return found
        number = _next_year(calendar, number)


def _open_time(calendar: Calendar, start: int, end: int) -> int:
    """Return the open time between two instants; nothing if the second is not after the first."""
    if end <= start:
        return 0
    if calendar.is_always:
        return end - start
    return sum(year.before(end) - year.before(start) for year in _years(calendar, start, end))


def _spent(calendar: Calendar | None, at: int, amount: int, *, stops: Iterable[tuple[int, int]]) -> int:
    """Return the earliest instant at which an amount of open time (no calendar: of any) outside stops has passed."""
    clock = None if calendar is None or calendar.is_always else calendar
    for stop, go_on in stops:
        if at < stop:
            found = _passed(clock, at, amount)
            if found <= stop:
                return found
            amount -= _open_time(clock, at, stop) if clock else stop - at
        at = max(at, go_on)
    return _passed(clock, at, amount)


def _passed(calendar: Calendar | None, at: int, amount: int) -> int:
    """Return the earliest instant at which an amount of open time (no calendar: of any) has passed."""
    if calendar is None:
        return at + amount
    if amount == 0:
        return _opening(calendar, at)
    number = _year_of(calendar, at)
    wanted = amount + calendar.open_year(number).before(at)
    while wanted > (year := calendar.open_year(number)).total:
        wanted -= year.total
        number = _next_year(calendar, number)
    return year.instant_after(wanted)


def _after_days(calendar: Calendar, at: int, count: int) -> int:
    """Return the instant so many working days after an instant, at the same time of day.

    Where that day is closed then, it is when the day closed before, or opens first: a short Friday, a break at noon.
    """
    local = instant(at).astimezone(calendar.zone_info)
    number = local.year
    days = calendar.open_year(number).days
    position = bisect_right(days, local.toordinal()) + count - 1
    while position >= len(days):
        position -= len(days)
        number = _next_year(calendar, number)
        days = calendar.open_year(number).days
    day = date.fromordinal(days[position])
    wanted = to_microseconds(clock_instant(day, local.time(), calendar.zone_info))
    return calendar.open_year(number).open_on_day(
        wanted, to_microseconds(clock_instant(day, time(), calendar.zone_info))
    )
