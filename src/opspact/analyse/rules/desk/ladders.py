"""Rules about ladders: are they quick enough, do they reach somebody at every hour?

Comes in: a rule context. Goes out: violations.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from itertools import pairwise

from opspact.analyse.attendance import describe_absences, find_absences
from opspact.analyse.cause import Cause, uncovered
from opspact.analyse.duty import absences, called, instant
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
from opspact.model.finding import Recurrence, Severity
from opspact.model.policies.sla import Level, Milestone
from opspact.model.time.calendar import BeyondKnown, due, open_intervals
from opspact.model.time.intervals import difference, union
from opspact.structs import Struct

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)


class _Late(Struct):
    """A walk that notifies somebody after a response is due."""

    walk: Walk
    due: datetime

    @property
    def by(self) -> timedelta:
        """How much later."""
        return self.walk.at - self.due

    def is_later_than(self, other: "_Late") -> bool:
        """Whether this one is later, or as late and reported earlier."""
        return (self.by, other.walk.reported) > (other.by, self.walk.reported)


class _Stretch(Struct):
    """Reports up to `until` whose steps meet the same people; `walk` is that of the first one, which takes longest."""

    walk: Walk
    until: datetime


@lru_cache(maxsize=8)
def _stretches(context: RuleContext, name: str) -> tuple[_Stretch, ...]:
    """Return how a ladder is gone through, by the reports that fare alike, those first that take longest."""
    ladder_run = LadderRun.of(context, context.contract.ladders[name])
    start = context.span[0].astimezone(UTC)
    last = recipients_known_until(context, ladder_run.recipients) - ladder_run.longest
    moments = sorted(moment for moment in {start, *ladder_run.moments()} if start <= moment < last)
    found = [_Stretch(ladder_run.walk(begin), end) for begin, end in pairwise([*moments, last])]
    return tuple(sorted(found, key=lambda each: each.walk.reported - each.walk.at))


def _slower(context: RuleContext) -> Iterator[Violation]:
    for sla in context.contract.slas.values():
        for level in sla.levels.values():
            respond = level.milestones.get("respond")
            if respond is None or not level.ladder:
                continue
            openings = _openings(context, respond.calendar)
            late = reduce(_later, _late(context, level, respond, tried=openings), None)
            if late is not None:
                repeats = _late_days(context, level, respond)
                yield Violation(
                    sla.policy,
                    _late_message(context, level, late, repeats=repeats),
                    level.path("", "ladder"),
                    subject=f"level {level.name}",
                    repeats=repeats,
                    rests_on=_waits(context, level, late),
                )


def _later(latest: _Late | None, late: _Late) -> _Late:
    return late if latest is None or late.is_later_than(latest) else latest


def _waits(context: RuleContext, level: Level, late: _Late) -> tuple[Cause, ...]:
    """Return the keys for the hours in which a ladder waits for people, if it is late because of them."""
    ladder_run = LadderRun.of(context, context.contract.ladders[level.ladder])
    waits = tuple(ladder_run.waits(late.walk.reported))
    waited = sum((end - start for _, (start, end) in waits), start=timedelta())
    return (
        tuple(uncovered([whom.policy], [hours]) for whom, hours in waits) if late.walk.at - waited <= late.due else ()
    )


def _late_message(context: RuleContext, level: Level, late: _Late, *, repeats: Recurrence | None) -> str:
    often = f"; this happens {repeats.times}, first on {repeats.first}" if repeats else ""
    return (
        f"level {level.name}: an unacknowledged case reported at {instant(context, late.walk.reported)} reaches "
        f"{late.walk.last} at {instant(context, late.walk.at)}, "
        f"after the response deadline at {instant(context, late.due)}{often}"
    )


def _late(context: RuleContext, level: Level, respond: Milestone, *, tried: Sequence[datetime]) -> Iterator[_Late]:
    """Yield what is late of the first report of each stretch, and of those tried within it.

    A clock runs for `least` at least: what takes no longer is never late.
    """
    calendar = context.contract.calendars[respond.calendar]
    ladder_run = LadderRun.of(context, context.contract.ladders[level.ladder])
    if not ladder_run.ladder.holds and ladder_run.longest <= respond.within.least:
        return
    for stretch in _stretches(context, level.ladder):
        first = stretch.walk
        if first.at - first.reported <= respond.within.least:
            break
        within = tried[bisect_right(tried, first.reported) : bisect_left(tried, stretch.until)]
        for walk in (first, *map(ladder_run.walk, within)):
            try:
                late = _Late(walk, due(calendar, walk.reported, respond.within))
            except BeyondKnown:
                break
            if walk.last is not None and late.by >= _MOMENT:
                yield late


@lru_cache(maxsize=8)
def _openings(context: RuleContext, name: str) -> tuple[datetime, ...]:
    """Return when a calendar opens: who reports then has least time to wait for the deadline."""
    calendar = context.contract.calendars[name]
    start, end = (at.astimezone(UTC) for at in context.span)
    end = min(end, calendar.known_until or end)
    return tuple(opening for opening, _ in open_intervals(calendar, start, end)) if start < end else ()


def _late_days(context: RuleContext, level: Level, respond: Milestone) -> Recurrence | None:
    """Return on how many days a report is late, if one is: tried at midnight and when the calendar opens."""
    start, end = context.span
    midnights = (start + number * _DAY for number in range((end - start).days + 1))  # by the clock on the wall
    tried = sorted({*_openings(context, respond.calendar), *(at.astimezone(UTC) for at in midnights)})
    late = _late(context, level, respond, tried=tried)
    days = {each.walk.reported.astimezone(context.zone).date() for each in late}
    return Recurrence(len(days), min(days)) if len(days) > 1 else None


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
        if not difference([(start, end)], ladder_run.last_there):
            continue  # the last resort is always there
        unheard = [(each.walk.reported, each.until) for each in _stretches(context, name) if each.walk.last is None]
        missed = difference(union(unheard), agreed)
        if missed:
            repeats = recurrence(context, missed)
            when = f"{format_recurrence(context, missed)}{',' if repeats else ''}"
            message = f"a case reported {when} reaches no one: no one is on duty at the time of each step"
            yield Violation(ladder.policy, message, ("steps",), repeats=repeats)


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
    """Given a contract, return where a ladder notifies teams and persons of whom nobody is left; not of rosters."""
    return tuple(_unreachable_steps(context))


def _unreachable_steps(context: RuleContext) -> Iterator[Violation]:
    start, end = (at.astimezone(UTC) for at in context.span)
    for ladder in context.contract.ladders.values():
        for notice in notices(ladder):
            names = members(context, notice.whom) if notice.whom.kind != "roster" else ()
            empty = difference([(start, end)], reachable_hours(context, notice.whom)) if names and start < end else []
            if empty:
                hours = uncovered([notice.whom.policy], empty)
                absent = find_absences(context, names, empty)
                message = f"{notice.title} ({notice.whom}) reaches no one {format_recurrence(context, empty)}"
                yield Violation(
                    ladder.policy,
                    f"{message}: {describe_absences(context, absent)}",
                    notice.path,
                    subject=notice.title,
                    repeats=recurrence(context, empty),
                    states=(hours,),
                    rests_on=(hours, absences(absent)),
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
