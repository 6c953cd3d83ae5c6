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
            yield Violation(sla.policy, f"level {level.name} has no escalation ladder", level.path())


def _no_channels(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        if not sla.channels:
            yield Violation(sla.policy, "channels is not set", ("levels",))


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


# No days are counted: the order is a matter of the text, and the report is an example. On one calendar every report is
# one; on two calendars, the reports of two weeks are tried, which says nothing about the other weeks.
def _out_of_order(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        for before, after in _ORDER:
            one, other = level.milestones.get(before), level.milestones.get(after)
            reported = _later(context, one, other) if one and other else None
            if one and other and reported:
                message = (
                    f"level {level.name}: {before} ({one.within}) is due later than {after} ({other.within}) "
                    f"for a case reported at {instant(context, reported)}{_if_at_once(one, other)}"
                )
                yield Violation(sla.policy, message, level.path(before, "within"))


def _if_at_once(one: Milestone, other: Milestone) -> str:
    """Return on what it rests that the one is due later, where only its clock waits for an event."""
    return f", even if {one.after} happens immediately" if one.after != other.after else ""


def _graver_is_slower(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        for graver, lighter in combinations(sla.levels.values(), 2):
            for name, one in graver.milestones.items():
                other = lighter.milestones.get(name)
                if other is None:
                    continue
                if one.after and not other.after:
                    message = (
                        f"{name} starts with {one.after} at level {graver.name}, but with the report at the "
                        f"less severe level {lighter.name}"
                    )
                    yield Violation(sla.policy, message, graver.path(name, "after"))
                elif _later(context, one, other):
                    message = (
                        f"{name} is due later at level {graver.name} ({one.within}) than at the less severe level "
                        f"{lighter.name} ({other.within})"
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
        return f"{written} equals elapsed hours, because calendar {ALWAYS} never closes; is a calendar missing?"
    if calendar == ALWAYS and written.kind == "working_days":
        return f"{written} equals calendar days, because {ALWAYS} has no days off; is a calendar missing?"
    if calendar != ALWAYS and written.kind == "elapsed" and re.search("day|week", written.text):
        return f"{written} on calendar {calendar} can mean working days or 24-hour days"
    return ""


def _respond_pauses(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        respond = level.milestones.get("respond")
        if respond is not None and respond.pauses:
            message = f"level {level.name}: the response can be paused for {', '.join(respond.pauses)}"
            yield Violation(sla.policy, message, level.path("respond", "pauses"))


def _pause_without_limit(context: RuleContext) -> Iterator[Violation]:
    for sla, level in _levels(context):
        for name, milestone in level.milestones.items():
            for reason in milestone.pauses:
                if sla.pause_reasons[reason].most is None:
                    message = f"level {level.name}, {name}: a pause for {reason} has no limit"
                    yield Violation(sla.policy, message, ("pause_reasons", reason))


RULES = (
    Rule(
        code="OP350",
        family="sla",
        severity=Severity.ERROR,
        title="A level has no escalation ladder",
        why="Without a ladder no one is notified of a case, and no one is next when the first person does not answer.",
        remedy="Set ladder: at the level.",
        find=_no_ladder,
    ),
    Rule(
        code="OP351",
        family="sla",
        severity=Severity.WARNING,
        title="An SLA has no channels",
        why=(
            "Deadlines start with the report. Without channels it is undefined how faults are reported and who answers."
        ),
        remedy="Add a policy of kind: channels, and reference it with channels:.",
        find=_no_channels,
    ),
    Rule(
        code="OP354",
        family="sla",
        severity=Severity.ERROR,
        title="Milestones are out of order",
        why="A milestone is due later than the one that depends on it; one of the two is probably a mistake.",
        remedy="Correct the times, or use the same calendar for both.",
        find=_out_of_order,
    ),
    Rule(
        code="OP355",
        family="sla",
        severity=Severity.WARNING,
        title="A more severe level is slower than a less severe one",
        why=(
            "Levels are listed most severe first. If a more severe fault may take longer, two lines are probably "
            "swapped."
        ),
        remedy="Swap the times, or the levels.",
        find=_graver_is_slower,
    ),
    Rule(
        code="OP362",
        family="sla",
        severity=Severity.ERROR,
        title="A time is ambiguous",
        why="Customer and provider may read such a time differently.",
        remedy="Use hours, or working days on a calendar with days off.",
        find=_ambiguous,
    ),
    Rule(
        code="OP363",
        family="sla",
        severity=Severity.WARNING,
        title="The response can be paused",
        why="A response depends on the desk alone. A pause hides that no one answered.",
        remedy="Remove the pause reasons from respond.",
        find=_respond_pauses,
    ),
    Rule(
        code="OP364",
        family="sla",
        severity=Severity.WARNING,
        title="A pause has no limit",
        why="With an unlimited pause a case never becomes late.",
        remedy="Set max: for the reason, such as 48h.",
        find=_pause_without_limit,
    ),
)
