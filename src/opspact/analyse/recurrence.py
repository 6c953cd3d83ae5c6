"""How often something is so: days that count, with the first as the example.

Comes in: spells in UTC, half open. Goes out: a recurrence, words for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from opspact.analyse.duty import format_interval
from opspact.analyse.rule import RuleContext
from opspact.model.finding import Recurrence
from opspact.model.time.calendar import Interval
from opspact.model.time.occupancy import Days
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


def format_recurrence_at(found: Recurrence | None, at: datetime) -> str:
    """Given a recurrence and its first time by the clock on the wall, return when that is.

    `at 2026-04-01 06:00`; `on 9 days, first at 2026-04-01 06:00`.
    """
    return f"{format_days(found)}at {format_clock_time(at)}"


def format_days(found: Recurrence | None) -> str:
    """Given a recurrence, return the words before its first time: `on 52 days of the period, first `; of none, ``."""
    return f"{found.times}, first " if found else ""
