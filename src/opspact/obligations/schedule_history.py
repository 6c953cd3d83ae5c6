"""Which schedule was in effect where a job runs, one after the other, and what is due by that.

Comes in: schedules, each with its zone and the instant from which on it was in effect. Goes out: due times, in UTC.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.model.time.occurrences import last_occurrence, next_occurrence
from opspact.structs import Struct
from opspact.values.schedule import Schedule

_INSTANT = timedelta(microseconds=1)


class AppliedSchedule(Struct):
    """A schedule in its zone that is in effect from an instant (UTC) on, until the next one is."""

    since: datetime
    schedule: Schedule
    zone: ZoneInfo


class ScheduleHistory(Struct):
    """Schedules, at least one, the oldest first; the last one is in effect still."""

    schedules: tuple[AppliedSchedule, ...]

    def first_due(self, *, after: datetime | None = None) -> datetime | None:
        """Return when it was, or will be, due for the first time (after an instant, if one is given); None: never."""
        ends = [*(each.since for each in self.schedules[1:]), None]
        for each, end in zip(self.schedules, ends, strict=True):
            begin = each.since - _INSTANT
            found = next_occurrence(each.schedule, each.zone, max(begin, after) if after else begin)
            if found and (end is None or found < end):
                return found
        return None

    def last_due(self, until: datetime, *, not_before: datetime | None = None) -> datetime | None:
        """Return when it was due last at or before an instant, and at or after another one; None: it was not."""
        for each in reversed(self.schedules):
            first = max(each.since, not_before) if not_before else each.since
            if found := last_occurrence(each.schedule, each.zone, until, not_before=first):
                return found
            until = min(until, each.since - _INSTANT)
        return None
