"""How often a schedule is due: its gaps, the longest, and how long they are on average.

Comes in: a rule context, a schedule. Goes out: its rhythm.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from opspact.analyse.rule import RuleContext
from opspact.model.time.occurrences import occurrences
from opspact.structs import Struct
from opspact.values.schedule import Schedule

_BEYOND, _FAR_BEYOND = timedelta(days=70), timedelta(days=400)
_EVERY_MONTH = 12
_DAY = 86_400.0

Gap = tuple[datetime, datetime]


class Frequency(Struct):
    """The gaps between times at which a schedule is due, in order, the longest, and their mean length in days."""

    gaps: tuple[Gap, ...]
    longest: Gap
    mean: float

    @property
    def longest_days(self) -> float:
        """The longest gap in days."""
        return (self.longest[1] - self.longest[0]).total_seconds() / _DAY


@lru_cache(maxsize=512)
def frequency(context: RuleContext, schedule: Schedule) -> Frequency | None:
    """Return a schedule's rhythm in the days looked at; a gap that reaches into them or out of them counts too."""
    begin, end = context.span
    beyond = _BEYOND if len(schedule.months) == _EVERY_MONTH else _FAR_BEYOND
    instants = pairwise(occurrences(schedule, context.zone, begin - beyond, end=end + beyond))
    start, end = begin.astimezone(UTC), end.astimezone(UTC)
    gaps = [(one, other) for one, other in instants if start < other and one < end]
    if not gaps:
        return None
    mean = (gaps[-1][1] - gaps[0][0]).total_seconds() / _DAY / len(gaps)
    return Frequency(tuple(gaps), max(gaps, key=lambda gap: gap[1] - gap[0]), mean)
