"""Which gaps and lengths a clock change explains.

Comes in: a rule context, spells in UTC. Goes out: words.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.analyse.rule import RuleContext
from opspact.model.time.calendar import Interval
from opspact.model.time.clock_changes import ClockChange, clock_changes
from opspact.model.time.occupancy import Days

_WEEK, _HALF_YEAR = timedelta(days=7), timedelta(days=183)


def explain_gaps(context: RuleContext, spells: Sequence[Interval]) -> str:
    """Given the spells of a gap, return the clock change that explains them, in words for the end of a message.

    Each must be no longer than the change, and the first begin with it; or where calendars are of several zones, which
    do not change their clocks together, each must be as long as the change.
    """
    change = next((each for each in _changes_before(context, spells[0][0]) if _explains(context, each, spells)), None)
    if change is None:
        return ""
    return _words(change)


def explain_length(context: RuleContext, start: datetime, end: datetime) -> str:
    """Given a spell that is shown by the contract's clock, return the clock change within it, in the same words.

    Without them 8h30m from 02:30 to 10:00 look like an error.
    """
    first, last = (at.astimezone(context.zone) for at in (start, end))
    if first.utcoffset() == last.utcoffset():
        return ""
    return _words(clock_changes(context.contract.zone, first.date(), last.date())[-1])


def explain_days(days: int, usual: int, looked_at: Days) -> str:
    """Given days as bits, and those on which it would be so too if no clocks were set, return what explains the first.

    The clock change in the same words, where one explains all of them.
    """
    if not days or days & usual:
        return ""
    number = (days & -days).bit_length() - 1
    changes = [each for each in looked_at.changes if each <= number]
    if not changes:
        return ""
    day = looked_at.first + timedelta(days=changes[-1])
    return _words(clock_changes(looked_at.zone, day, day)[0])


def _words(change: ClockChange) -> str:
    return f" (clocks in {change.zone} go {'forward' if change.by > timedelta() else 'back'} on {change.day})"


def _changes_before(context: RuleContext, at: datetime) -> Iterator[ClockChange]:
    """Yield the last change of each zone of the contract before an instant, the newest first."""
    zones = sorted({context.contract.zone, *(each.zone for each in context.contract.calendars.values())})
    last = [clock_changes(zone, (at - _HALF_YEAR).date(), at.astimezone(ZoneInfo(zone)).date())[-1:] for zone in zones]
    yield from sorted((each for several in last for each in several), key=lambda each: each.day, reverse=True)


def _explains(context: RuleContext, change: ClockChange, spells: Sequence[Interval]) -> bool:
    lengths, size = {end - start for start, end in spells}, abs(change.by)
    begins = datetime.combine(change.day, time(), ZoneInfo(change.zone)).astimezone(UTC)
    if spells[0][0] - begins < _WEEK and max(lengths) <= size:
        return True
    return lengths == {size} and len({each.zone for each in context.contract.calendars.values()}) > 1
