"""Every milestone's deadline for a fault of a level.

Comes in: service levels, the instant of the report, events, pauses with their reasons. Goes out: deadlines in UTC.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from opspact.model.policies.sla import Level, Milestone, Sla
from opspact.model.time.calendar import BeyondKnown, Calendar, Interval, always, between, due
from opspact.model.time.intervals import difference, union
from opspact.structs import Struct, field
from opspact.values.duration import Duration

ANY_REASON = ""
"""The reason of a pause without a reason of its own: it stops every clock that may pause at all."""

Pause = tuple[str, Interval]
"""A pause and its reason."""


class Happened(Struct):
    """What happened to a case: when it was reported, when which event was, when its clocks stood still. Aware."""

    reported: datetime
    events: Mapping[str, datetime] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()


class Deadline(Struct):
    """When a milestone is due, in UTC. `awaits`: the event that has not happened; its clock is shown as if it had.

    None: its calendar does not know the time that is needed; `unknown` says why.

    `beyond`: how much of its pauses lies beyond what their reasons may take in one case, and did not stop the clock.
    """

    milestone: Milestone
    due: datetime | None
    awaits: str = ""
    beyond: timedelta = timedelta()
    unknown: str = ""


def deadlines(sla: Sla, level: Level, happened: Happened, *, calendars: Mapping[str, Calendar]) -> list[Deadline]:
    """Given a level of service levels and what happened, return each milestone's deadline, in their order."""
    return [_deadline(sla, milestone, happened, calendars=calendars) for milestone in level.milestones.values()]


def _deadline(sla: Sla, milestone: Milestone, happened: Happened, *, calendars: Mapping[str, Calendar]) -> Deadline:
    start = happened.events.get(milestone.after, happened.reported)
    awaits = milestone.after if milestone.after and milestone.after not in happened.events else ""
    calendar = calendars[milestone.calendar]
    clock = always(calendar.zone) if milestone.within.kind == "elapsed" else calendar
    stops, beyond = _stops(sla, milestone, _since(start, happened.pauses), clock=clock)
    try:
        return Deadline(milestone, due(calendar, start, milestone.within, pauses=stops), awaits, beyond)
    except BeyondKnown as error:
        return Deadline(milestone, None, awaits, beyond, str(error))


def _since(start: datetime, pauses: Iterable[Pause]) -> list[Pause]:
    """Return what of pauses comes after a clock has started; those of one reason, joined where they touch."""
    by_reason: dict[str, list[Interval]] = {}
    for reason, (begin, end) in pauses:
        if start < end:
            by_reason.setdefault(reason, []).append((max(start, begin), end))
    return [(reason, interval) for reason, intervals in by_reason.items() for interval in union(intervals)]


def _stops(
    sla: Sla, milestone: Milestone, pauses: Iterable[Pause], *, clock: Calendar
) -> tuple[list[Interval], timedelta]:
    """Return the pauses that stop a milestone's clock, and how much was cut from them.

    Those of one reason take together no longer than it may take. Only time counts in which the clock would have run:
    so a pause that stops nothing, at night or during another one, never makes a deadline earlier.
    """
    left = {name: reason.most.time if reason.most else None for name, reason in sla.pause_reasons.items()}
    found: list[Interval] = []
    beyond = timedelta()
    counting = [pause for pause in pauses if milestone.pauses and pause[0] in {ANY_REASON, *milestone.pauses}]
    for reason, pause in sorted(counting, key=lambda pause: (left.get(pause[0]) is not None, pause[1])):
        for start, end in difference([pause], found):
            most = left.get(reason)
            if most is not None:
                runs = _runs(clock, start, end)
                left[reason] = max(timedelta(), most - runs)
                if runs > most:
                    beyond += runs - most
                    end = due(clock, start, Duration.from_time("business", most))  # noqa: PLW2901 - cut
            found.append((start, end))
        found = union(found)
    return found, beyond


def _runs(clock: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return how long a clock runs between two instants; what its calendar does not know counts for nothing."""
    known = clock.known_until
    end = end if known is None else min(end, known)
    return timedelta(seconds=between(clock, start, end)) if start < end else timedelta()
