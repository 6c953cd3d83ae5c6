"""Which deadlines of service levels move with a change of the policies.

In: two contracts. Out: milestones that are new or gone, or whose deadline is another one.
"""

from collections.abc import Iterator, Mapping

from opspact.analyse.reductions import lost_hours
from opspact.model.contract import Contract
from opspact.model.policies.sla import Milestone
from opspact.model.time.calendar import Interval
from opspact.structs import Struct

Name = tuple[str, str, str]
"""A milestone's service level policy, level and name."""


class DeadlineChange(Struct):
    """How the deadline of a milestone differs; `before` is None where it is new, `after` where it is gone.

    `hours`: where its calendar has other hours than before, the first of those that it has gained or lost (UTC).
    """

    sla: str
    level: str
    milestone: str
    before: Milestone | None
    after: Milestone | None
    hours: Interval | None = None


def compare_deadlines(before: Contract, after: Contract) -> tuple[DeadlineChange, ...]:
    """Given a contract before and after a change, return how deadlines differ, in the order of the policies."""
    return tuple(_differing(before, after))


def _differing(before: Contract, after: Contract) -> Iterator[DeadlineChange]:
    was, now = _milestones(before), _milestones(after)
    hours: dict[tuple[str, str], Interval | None] = {}
    for name in {**now, **was}:
        old, new = was.get(name), now.get(name)
        if old is None or new is None:
            yield DeadlineChange(*name, before=old, after=new)
            continue
        calendars = (old.calendar, new.calendar)
        if calendars not in hours:
            hours[calendars] = _other_hours(before, after, calendars)
        if _terms(old) != _terms(new) or hours[calendars]:
            yield DeadlineChange(*name, before=old, after=new, hours=hours[calendars])


def _milestones(contract: Contract) -> Mapping[Name, Milestone]:
    return {
        (sla.name, level.name, milestone.name): milestone
        for sla in contract.slas.values()
        for level in sla.levels.values()
        for milestone in level.milestones.values()
    }


def _terms(milestone: Milestone) -> tuple[object, ...]:
    """Return what moves a deadline, without the words for it: `24h` is `1 day`. Its calendar is compared by hours."""
    within = milestone.within
    return (within.kind, within.amount, milestone.after, frozenset(milestone.pauses))


def _other_hours(before: Contract, after: Contract, calendars: tuple[str, str]) -> Interval | None:
    """Return the first hours that one calendar has and the other, in its place, has not; None: there are none."""
    was, now = before.calendars.get(calendars[0]), after.calendars.get(calendars[1])
    if was == now:
        return None
    return min([*lost_hours(was, now, after), *lost_hours(now, was, after)], default=None)
