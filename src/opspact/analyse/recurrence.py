"""How often something is so: days that count, with the first as the example.

Comes in: spells in UTC, half open. Goes out: a recurrence, words for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_

from opspact.analyse.clock_changes import explain_days
from opspact.analyse.duty import format_interval
from opspact.analyse.rule import RuleContext
from opspact.model.finding import Recurrence
from opspact.model.time.calendar import Interval
from opspact.model.time.occupancy import Days, Taken, first_overlap, outside, outside_days, overlap_days
from opspact.structs import Struct
from opspact.text.instants import format_clock_time

_DAY = timedelta(days=1)


def recurrence(context: RuleContext, spells: Sequence[Interval]) -> Recurrence | None:
    """Given spells in order, return on how many days they are, in the contract's zone; None where it is one spell.

    A spell counts for the day on which it begins, and for one more with every 24 hours that it lasts longer: a night
    is one day.
    """
    if len(spells) < 2:  # noqa: PLR2004 - one does not repeat
        return None
    days = {day for start, end in spells for day in _days(context, start, end)}
    return Recurrence(len(days), min(days))


def _days(context: RuleContext, start: datetime, end: datetime) -> Iterator[date]:
    begin, finish = (at.astimezone(context.zone).replace(tzinfo=None) for at in (start, end))
    while begin < finish:
        yield begin.date()
        begin += _DAY


def recurrence_of(days: int, looked_at: Days) -> Recurrence | None:
    """Given days as bits, and the days that are looked at, return how many they are; None where there is just one."""
    if days.bit_count() < 2:  # noqa: PLR2004 - one does not repeat
        return None
    return Recurrence(days.bit_count(), looked_at.at((days & -days).bit_length() - 1, 0).date())


def format_recurrence(context: RuleContext, spells: Sequence[Interval]) -> str:
    """Given spells in order, return when that is: `from … to …`; `on 52 days of the period, first from … to …`."""
    return f"{format_days(recurrence(context, spells))}{format_interval(context, *spells[0])}"


class Occasion(Struct):
    """When two sets of times meet, or one is outside others: the days as bits, and day and minute of the first time.

    `usual`: the days on which it would be so if no clocks were set.
    """

    days: int
    first: tuple[int, int]
    usual: int
    looked_at: Days

    @property
    def recurrence(self) -> Recurrence | None:
        """On how many days it is so; None where there is just one."""
        return recurrence_of(self.days, self.looked_at)

    def __str__(self) -> str:
        """Return when that is, and the clock change that explains it.

        `at 2026-04-01 06:00`; `on 9 days, first at 2026-04-01 06:00`.
        """
        at = format_clock_time(self.looked_at.at(*self.first))
        return f"{format_days(self.recurrence)}at {at}{explain_days(self.days, self.usual, self.looked_at)}"


def overlap_occasion(one: Taken, other: Taken, looked_at: Days) -> Occasion | None:
    """Given two sets, return when both take a time; None: never."""
    first = first_overlap(one, other, looked_at.count)
    if first is None:
        return None
    days, usual = (
        overlap_days(*pair, looked_at.count) for pair in ((one, other), (one.by_the_clock, other.by_the_clock))
    )
    return Occasion(days, first, usual, looked_at)


def merged(several: Sequence[Occasion]) -> Occasion:
    """Given occasions, at least one, return all of them as one."""
    days, usual = reduce(or_, (each.days for each in several)), reduce(or_, (each.usual for each in several))
    return Occasion(days, min(each.first for each in several), usual, several[0].looked_at)


def outside_occasion(one: Taken, others: Sequence[Taken], looked_at: Days) -> Occasion | None:
    """Given a set and others, return when the set takes a time that none of the others does; None: never."""
    first = outside(one, others, looked_at.count)
    if first is None:
        return None
    usual = outside_days(one.by_the_clock, [each.by_the_clock for each in others], looked_at.count)
    return Occasion(outside_days(one, others, looked_at.count), first, usual, looked_at)


def format_days(found: Recurrence | None) -> str:
    """Given a recurrence, return the words before its first time: `on 52 days of the period, first `; of none, ``."""
    return f"{found.times}, first " if found else ""
