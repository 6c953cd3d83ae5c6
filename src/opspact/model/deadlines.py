"""Every milestone's deadline for a fault of a level.

Comes in: service levels, the instant of the report, events, pauses with their reasons. Goes out: deadlines in UTC.
Called by the desk's clocks, by rules, by the command `sla`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opspact.model.calendar import Calendar, Interval, due
from opspact.model.desk import Level, Milestone, Sla

ANY_REASON = ""
"""The reason of a pause of which none is told: it stops every clock that may pause at all."""

Pause = tuple[str, Interval]
"""A pause and its reason."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a case: when it was reported, when which event was, when its clocks stood still. Aware."""

    reported: datetime
    events: Mapping[str, datetime] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a milestone is due, in UTC. `awaits`: the event that has not happened; its clock is shown as if it had.

    `beyond`: how much of its pauses lies beyond what their reasons may take in one case, and did not stop the clock.
    """

    milestone: Milestone
    due: datetime
    awaits: str = ""
    beyond: timedelta = timedelta()


def deadlines(sla: Sla, level: Level, happened: Happened, *, calendars: Mapping[str, Calendar]) -> list[Deadline]:
    """Given a level of service levels and what happened, return each milestone's deadline, in their order.

    Raise BeyondKnown when a calendar does not know the time that is needed.
    """
    return [_deadline(sla, milestone, happened, calendars=calendars) for milestone in level.milestones.values()]


def _deadline(sla: Sla, milestone: Milestone, happened: Happened, *, calendars: Mapping[str, Calendar]) -> Deadline:
    start = happened.events.get(milestone.after, happened.reported)
    awaits = milestone.after if milestone.after and milestone.after not in happened.events else ""
    stops, beyond = _stops(sla, milestone, happened.pauses)
    return Deadline(
        milestone, due(calendars[milestone.calendar], start, milestone.within, pauses=stops), awaits, beyond
    )


def _stops(sla: Sla, milestone: Milestone, pauses: Iterable[Pause]) -> tuple[list[Interval], timedelta]:
    """Return the pauses that stop a milestone's clock, and how much was cut from them.

    Those of one reason take together no longer than it may take.
    """
    left = {name: reason.most for name, reason in sla.pause_reasons.items()}
    found: list[Interval] = []
    beyond = timedelta()
    for reason, (start, end) in sorted(pauses, key=lambda pause: pause[1]):
        if not milestone.pauses or reason not in {ANY_REASON, *milestone.pauses}:
            continue
        most = left.get(reason)
        if most is not None:
            counted = min(end - start, most)
            beyond += end - start - counted
            left[reason] = most - counted
            end = start + counted  # noqa: PLW2901 - cut
        found.append((start, end))
    return found, beyond
