"""Rules about service levels as they are written: ladders, order, pauses, durations.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations

from opspact.analyse.duty import instant
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.sla import Level, Milestone, Sla
from opspact.model.time.calendar import ALWAYS, BeyondKnown, due

_ORDER = (
    ("respond", "plan"),
    ("respond", "on_site"),
    ("plan", "workaround"),
    ("plan", "restore"),
    ("plan", "resolve"),
    ("respond", "resolve"),
    ("workaround", "restore"),
)
"""What comes before what. Restoring the service and removing the cause have no order: either may come first."""

_TRIED = 24 * 14
"""Hours at which reports are tried: two weeks, so that every weekday and every hour is met."""


def _levels(context: RuleContext) -> Iterator[tuple[Sla, Level]]:
    for sla in context.contract.slas.values():
        for level in sla.levels.values():
            yield sla, level


def _no_ladder(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        if not level.ladder:
            yield Violation(
                sla.policy, f"level {level.name} has no ladder: nobody is told of such a case", level.path()
            )


def _no_channels(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        if not sla.channels:
            yield Violation(sla.policy, "nothing says how faults are reported", ("levels",))


def _later(context: RuleContext, one: Milestone, other: Milestone) -> datetime | None:
    """Return a report for which the one is due later than the other, or None.

    An event that starts a clock comes with the report at the earliest: if the other clock waits for another event,
    nothing can be said; else it is as if the one's event were the report.
    """
    if other.after not in {"", one.after}:
        return None
    calendars, start = context.contract.calendars, context.span[0].astimezone(UTC)
    if (one.calendar, one.within.kind) == (other.calendar, other.within.kind):
        return start if one.within.amount > other.within.amount else None
    for hour in range(_TRIED):
        reported = start + timedelta(hours=hour)
        try:
            first = due(calendars[one.calendar], reported, one.within)
            second = due(calendars[other.calendar], reported, other.within)
        except BeyondKnown:
            return None
        if first > second:
            return reported
    return None


def _out_of_order(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        for before, after in _ORDER:
            one, other = level.milestones.get(before), level.milestones.get(after)
            reported = _later(context, one, other) if one and other else None
            if one and other and reported:
                message = (
                    f"level {level.name}: {before} ({one.within}) is due later than {after} ({other.within}) "
                    f"for a case reported on {instant(context, reported)}{_if_at_once(one, other)}"
                )
                yield Violation(sla.policy, message, level.path(before, "within"))


def _if_at_once(one: Milestone, other: Milestone) -> str:
    """Return on what it rests that the one is due later, where only its clock waits for an event."""
    return f", even if {one.after} comes at once" if one.after != other.after else ""


def _graver_is_slower(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        for graver, lighter in combinations(sla.levels.values(), 2):
            for name, one in graver.milestones.items():
                other = lighter.milestones.get(name)
                if other is None:
                    continue
                if one.after and not other.after:
                    message = (
                        f"{name} waits for {one.after} at level {graver.name}, and runs from the report at level "
                        f"{lighter.name}, which is written as the lighter one"
                    )
                    yield Violation(sla.policy, message, graver.path(name, "after"))
                elif _later(context, one, other):
                    message = (
                        f"{name} is due later at level {graver.name} ({one.within}) than at level {lighter.name} "
                        f"({other.within}), which is written as the lighter one"
                    )
                    yield Violation(sla.policy, message, graver.path(name, "within"))


def _ambiguous(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        for name, milestone in level.milestones.items():
            words = _two_readings(milestone)
            if words:
                yield Violation(sla.policy, f"level {level.name}, {name}: {words}", level.path(name, "within"))


def _two_readings(milestone: Milestone) -> str:
    """Return why a milestone's time can be read in two ways, or nothing."""
    written, calendar = milestone.within, milestone.calendar
    if calendar == ALWAYS and written.kind == "business":
        return f"{written} are hours on the wall, since {ALWAYS} never closes; or is a calendar missing?"
    if calendar == ALWAYS and written.kind == "working_days":
        return f"{written} are days like any other, since {ALWAYS} knows no day off; or is a calendar missing?"
    if calendar != ALWAYS and written.kind == "elapsed" and re.search("day|week", written.text):
        return f"{written} on {calendar} can be working days, or days of 24 hours"
    return ""


def _respond_pauses(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        respond = level.milestones.get("respond")
        if respond is not None and respond.pauses:
            message = f"level {level.name}: the response waits for {', '.join(respond.pauses)}"
            yield Violation(sla.policy, message, level.path("respond", "pauses"))


def _pause_without_limit(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        for name, milestone in level.milestones.items():
            for reason in milestone.pauses:
                if sla.pause_reasons[reason].most is None:
                    message = f"level {level.name}, {name}: may stand still for {reason} without end"
                    yield Violation(sla.policy, message, ("pause_reasons", reason))


RULES = (
    Rule(
        code="OP350",
        family="sla",
        severity=Severity.ERROR,
        title="A level has no ladder",
        why="A deadline that nobody is told about is kept by luck; and nobody is next when the first does not answer.",
        remedy="Name a ladder at the level.",
        find=_no_ladder,
    ),
    Rule(
        code="OP351",
        family="sla",
        severity=Severity.WARNING,
        title="Nothing says how faults are reported",
        why="Clocks start with the report. Where nobody knows the way to the desk, or who answers there, none starts.",
        remedy="Write a policy that says kind: channels, and name it as channels.",
        find=_no_channels,
    ),
    Rule(
        code="OP354",
        family="sla",
        severity=Severity.ERROR,
        title="Milestones are out of order",
        why="A step due later than what builds on it can be late and in time at once: one of the two is a slip.",
        remedy="Bring the times into order, or put both clocks on the same calendar.",
        find=_out_of_order,
    ),
    Rule(
        code="OP355",
        family="sla",
        severity=Severity.WARNING,
        title="A graver level is slower than a lighter one",
        why="Levels are written gravest first. A worse fault that may take longer is most often two lines swapped.",
        remedy="Swap the times, or the levels.",
        find=_graver_is_slower,
    ),
    Rule(
        code="OP362",
        family="sla",
        severity=Severity.ERROR,
        title="A time can be read in two ways",
        why="Customer and provider each read such a time in their own favour, and find out when it is too late.",
        remedy="Write hours, or working days on a calendar that has days off.",
        find=_ambiguous,
    ),
    Rule(
        code="OP363",
        family="sla",
        severity=Severity.WARNING,
        title="The response can be paused",
        why="A response waits for nothing but the desk itself. A clock that pauses there hides that nobody answered.",
        remedy="Take the reasons out of respond.",
        find=_respond_pauses,
    ),
    Rule(
        code="OP364",
        family="sla",
        severity=Severity.WARNING,
        title="A clock may stand still without end",
        why="A pause without a limit turns every promise into none: nothing ever becomes late.",
        remedy="Give the reason a max, such as 48h.",
        find=_pause_without_limit,
    ),
)
