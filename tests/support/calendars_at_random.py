"""Calendars, instants, lengths and pauses at random, near the days on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from opspact.model.time.calendar import Calendar, Interval
from opspact.values.duration import Duration

CLOCK_CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Pacific/Apia": (date(2011, 12, 30),),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),
    "Asia/Shanghai": (date(2026, 12, 31),),
}
"""Zones, and the days on which their clocks jump: by half an hour, by an hour, at midnight, by a whole day."""

DAY = timedelta(days=1)
WINDOW = 12
"""Days on either side of the middle within which everything at random lies."""


@st.composite
def day_hours(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Up to three intervals of a day; they may touch, and reach midnight."""
    bounds = draw(st.lists(st.integers(0, 96).map(lambda quarter: quarter * 15), max_size=6, unique=True).map(sorted))
    pairs = list(zip(bounds[::2], bounds[1::2], strict=False))
    if draw(st.booleans()) and pairs:
        pairs = [(start, following[0]) for (start, _), following in pairwise(pairs)] + [pairs[-1]]
    return tuple(pairs)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, date]:
    """A calendar that is open on some day of every week, and a day near which its clock changes."""
    zone = draw(st.sampled_from(sorted(CLOCK_CHANGES)))
    middle = draw(st.sampled_from(CLOCK_CHANGES[zone]))
    week = draw(st.tuples(*[day_hours()] * 7).filter(any))
    near = st.sets(st.integers(-WINDOW, WINDOW).map(lambda offset: middle + DAY * offset), max_size=3)
    made = Calendar(
        "at-random",
        zone,
        week,
        closed=frozenset(draw(near)),
        workdays=frozenset(draw(near)),
        workday_hours=draw(day_hours().filter(bool)),
    )
    return made, middle


def minutes_near(middle: date, *, most: int = WINDOW) -> st.SearchStrategy[datetime]:
    """Whole minutes at most so many days from a day, in UTC."""
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    return st.integers(-most * 1440, most * 1440).map(lambda minute: start + timedelta(minutes=minute))


def instants_near(middle: date) -> st.SearchStrategy[datetime]:
    """Instants to the microsecond."""
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    spread = WINDOW * 86_400_000_000
    return st.integers(-spread, spread).map(lambda amount: start + timedelta(microseconds=amount))


def pauses_near(
    middle: date, *, instants: st.SearchStrategy[datetime] | None = None
) -> st.SearchStrategy[list[Interval]]:
    """Pauses in any order; they may run into each other, or be empty."""
    some = instants_near(middle) if instants is None else instants
    return st.lists(st.tuples(some, some).map(lambda pair: (min(pair), max(pair))), max_size=4)


def amounts(most: timedelta = timedelta(days=9)) -> st.SearchStrategy[timedelta]:
    """Lengths of time from a microsecond on."""
    return st.integers(1, int(most / timedelta(microseconds=1))).map(lambda amount: timedelta(microseconds=amount))


def business(amount: timedelta) -> Duration:
    return Duration.from_time("business", amount)
