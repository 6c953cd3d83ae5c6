"""Rules about ladders: are they quick enough, do they reach somebody at every hour?

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from opspact.analyse.cause import Cause, uncovered
from opspact.analyse.duty import absences, called, instant, people_changes
from opspact.analyse.ladders import (
    LadderRun,
    Walk,
    accepted_gaps,
    has_channel,
    members,
    notices,
    reachable_hours,
    recipients_known_until,
    without_channel,
)
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.sla import Level, Milestone
from opspact.model.roster.rotation import Absence
from opspact.model.time.calendar import BeyondKnown, due
from opspact.model.time.intervals import difference, union
from opspact.structs import Struct

_MOMENT = timedelta(microseconds=1)


class _Late(Struct):
    """A walk that tells somebody after a response is due."""

    walk: Walk
    due: datetime

    @property
    def by(self) -> timedelta:
        """How much later."""
        return self.walk.at - self.due

    def is_later_than(self, other: "_Late") -> bool:
        """Whether this one is later, or as late and reported earlier."""
        return (self.by, other.walk.reported) > (other.by, self.walk.reported)


@lru_cache(maxsize=8)
def _walks(context: RuleContext, name: str) -> tuple[Walk, ...]:
    """Return how a ladder is gone through for the reports that may fare worst, those first that take longest."""
    ladder_run = LadderRun.of(context, context.contract.ladders[name])
    start = context.span[0].astimezone(UTC)
    last = recipients_known_until(context, ladder_run.recipients) - ladder_run.longest
    moments = {start, *ladder_run.moments()}
    walks = [ladder_run.walk(moment) for moment in sorted(moments) if start <= moment < last]
    return tuple(sorted(walks, key=lambda walk: walk.reported - walk.at))


def _slower(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        for level in sla.levels.values():
            respond = level.milestones.get("respond")
            if respond is None or not level.ladder:
                continue
            late = _late(context, respond, _walks(context, level.ladder))
            if late is not None:
                yield Violation(
                    sla.policy,
                    _late_message(context, level, late),
                    level.path("", "ladder"),
                    subject=f"level {level.name}",
                    rests_on=_waits(context, level, late),
                )


def _waits(context: RuleContext, level: Level, late: _Late) -> tuple[Cause, ...]:
    """Return the keys for the hours in which a ladder waits for people, if it is late because of them."""
    ladder_run = LadderRun.of(context, context.contract.ladders[level.ladder])
    waits = tuple(ladder_run.waits(late.walk.reported))
    waited = sum((end - start for _, (start, end) in waits), start=timedelta())
    return (
        tuple(uncovered([whom.policy], [hours]) for whom, hours in waits) if late.walk.at - waited <= late.due else ()
    )


def _late_message(context: RuleContext, level: Level, late: _Late) -> str:
    return (
        f"level {level.name}: an unacknowledged case reported at {instant(context, late.walk.reported)} reaches "
        f"{late.walk.last} at {instant(context, late.walk.at)}, "
        f"after the response deadline at {instant(context, late.due)}"
    )


def _late(context: RuleContext, respond: Milestone, walks: tuple[Walk, ...]) -> _Late | None:
    """Given walks, those first that take longest, return the latest, counted from when the response is due.

    Return None when none is late. A clock runs for `least` at least: once that leaves less than what is found already,
    nothing later follows.
    """
    calendar = context.contract.calendars[respond.calendar]
    latest: _Late | None = None
    for walk in walks:
        if walk.at - walk.reported - respond.within.least < (latest.by if latest else _MOMENT):
            break
        try:
            late = _Late(walk, due(calendar, walk.reported, respond.within))
        except BeyondKnown:
            continue
        if walk.last is not None and late.by >= _MOMENT and (latest is None or late.is_later_than(latest)):
            latest = late
    return latest


def _reaches_nobody(context: RuleContext) -> Iterator[Violation]:
    for name, ladder in context.contract.ladders.items():
        ladder_run = LadderRun.of(context, ladder)
        start, end = context.span[0].astimezone(UTC), recipients_known_until(context, ladder_run.recipients)
        agreed = union(*(accepted_gaps(context, whom) for whom in ladder_run.recipients))
        there = union(*ladder_run.there, ladder_run.last_there, agreed)
        empty = difference([(start, end)], there) if start < end else []
        if empty:
            yield Violation(
                ladder.policy,
                f"no step reaches anyone {format_recurrence(context, empty)}",
                ("steps",),
                repeats=recurrence(context, empty),
                rests_on=(uncovered((whom.policy for whom in ladder_run.recipients), empty),),
            )
            continue
        missed = [walk.reported for walk in _walks(context, name) if walk.last is None]
        missed = [at for at in missed if not any(first <= at < last for first, last in agreed)]
        if missed:
            message = f"a case reported at {instant(context, min(missed))} reaches no one"
            yield Violation(ladder.policy, f"{message}: no one is on duty at the time of each step", ("steps",))


def _without_channel(context: RuleContext) -> Iterator[Violation]:
    for ladder in context.contract.ladders.values():
        for notice in notices(ladder):
            names = members(context, notice.whom)
            lacking = [called(context, name) for name in names if not has_channel(context, name, notice.by)]
            if not lacking:
                continue
            who = f"{', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'}"
            if notice.by:
                path, message = (
                    (*notice.path[:-1], "by"),
                    f"no {' and no '.join(notice.by)}, but the ladder notifies {notice.whom} by it",
                )
            else:
                path, message = notice.path, f"no channel, but the ladder notifies {notice.whom}"
            causes = without_channel(context, notice.whom, notice.by)
            yield Violation(
                ladder.policy, f"{who} {message}", path, subject=notice.title, states=causes, rests_on=causes
            )


def unreachable_steps(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return where a ladder tells teams and persons of whom nobody is left; not of rosters."""
    return tuple(_unreachable_steps(context))


def _unreachable_steps(context: RuleContext) -> Iterator[Violation]:
    start, end = (at.astimezone(UTC) for at in context.span)
    for ladder in context.contract.ladders.values():
        for notice in notices(ladder):
            names = members(context, notice.whom) if notice.whom.kind != "roster" else ()
            empty = difference([(start, end)], reachable_hours(context, notice.whom)) if names and start < end else []
            if empty:
                hours = uncovered([notice.whom.policy], empty)
                left = [name for name in names if context.contract.people[name].until is not None]
                absent = absences(Absence(name, left=name in left) for name in names)
                message = f"{notice.title} ({notice.whom}) reaches no one {format_recurrence(context, empty)}"
                yield Violation(
                    ladder.policy,
                    f"{message}{people_changes(context, names)}",
                    notice.path,
                    subject=notice.title,
                    repeats=recurrence(context, empty),
                    states=(hours,),
                    rests_on=(hours, absent),
                )


def _leaves_nobody(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(unreachable_steps)


def _no_members(context: RuleContext) -> Iterator[Violation]:
    start, end = (at.astimezone(UTC) for at in context.span)
    for ladder in context.contract.ladders.values():
        for index, step in enumerate(ladder.steps):
            if not members(context, step.tell):
                never = uncovered([step.tell.policy], [(start, end)])
                yield Violation(
                    ladder.policy,
                    f"{step.tell} has no members",
                    ("steps", index, "tell"),
                    subject=f"step {index + 1}",
                    states=(never,),
                    rests_on=(never,),
                )


RULES = (
    Rule(
        code="OP356",
        family="sla",
        severity=Severity.ERROR,
        title="An escalation ladder is slower than the response deadline",
        why="If no one acknowledges, the last step is reached after the response deadline.",
        remedy="Shorten acknowledge_within, remove a step, or extend the response time.",
        find=_slower,
    ),
    Rule(
        code="OP357",
        family="sla",
        severity=Severity.ERROR,
        title="An escalation ladder reaches no one at some hours",
        why="No one is notified of a case reported at this time.",
        remedy="Add a step for these hours, or a last resort.",
        find=_reaches_nobody,
    ),
    Rule(
        code="OP359",
        family="sla",
        severity=Severity.ERROR,
        title="An escalation ladder uses a channel that its recipients do not have",
        why="The step notifies no one, and time is lost.",
        remedy="Add the channel to the people, or use one that they have.",
        find=_without_channel,
    ),
    Rule(
        code="OP365",
        family="sla",
        severity=Severity.ERROR,
        title="An escalation ladder notifies an empty team",
        why="The step notifies no one, and time is lost.",
        remedy="Add people to the team, or notify another one.",
        find=_no_members,
    ),
    Rule(
        code="OP366",
        family="sla",
        severity=Severity.WARNING,
        title="An escalation ladder notifies people who have left or not started",
        why="During this time the step notifies no one, and time is lost.",
        remedy="Add the successor to the team, or notify someone else.",
        find=_leaves_nobody,
    ),
)
