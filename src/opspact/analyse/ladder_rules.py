"""Rules about ladders: are they quick enough, do they reach somebody at every hour?

Comes in: what is given. Goes out: hits. Registered in `registry`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from opspact.analyse.duty_times import and_more, called, instant, spell
from opspact.analyse.ladder_times import Climbing, Walk, members, sure_until
from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.calendar import BeyondKnown, due
from opspact.model.desk import Level, Milestone
from opspact.model.finding import Severity
from opspact.model.intervals import difference, union


@dataclass(frozen=True, slots=True)
class _Late:
    """A walk that tells somebody after a response is due."""

    walk: Walk
    due: datetime


@lru_cache(maxsize=8)
def _walks(given: Given, name: str) -> tuple[Walk, ...]:
    """Return how a ladder is gone through for the reports that may fare worst, those first that take longest."""
    climbing = Climbing.of(given, given.contract.desk.ladders[name])
    start = given.span[0].astimezone(UTC)
    last = sure_until(given, climbing.recipients) - climbing.longest
    moments = {start, *climbing.moments()}
    walks = [climbing.walk(moment) for moment in sorted(moments) if start <= moment < last]
    return tuple(sorted(walks, key=lambda walk: walk.reported - walk.at))


def _slower(given: Given) -> Iterator[Hit]:
    for sla in given.contract.desk.slas.values():
        for level in sla.levels.values():
            respond = level.milestones.get("respond")
            if respond is None or not level.ladder:
                continue
            late = _late(given, respond, _walks(given, level.ladder))
            if late is not None:
                yield Hit(sla.policy, _told_late(given, level, late), level.path("", "ladder"))


def _told_late(given: Given, level: Level, late: _Late) -> str:
    return (
        f"level {level.name}: of a case reported on {instant(given, late.walk.reported)} that nobody answers, "
        f"{late.walk.last} is told on {instant(given, late.walk.at)}, "
        f"after the response is due on {instant(given, late.due)}"
    )


def _late(given: Given, respond: Milestone, walks: tuple[Walk, ...]) -> _Late | None:
    """Return the walk that is latest, counted from when the response is due; None: none is late."""
    calendar = given.contract.desk.calendars[respond.calendar]
    found: list[_Late] = []
    for walk in walks:
        if walk.last is None:
            continue
        try:
            answer = due(calendar, walk.reported, respond.within)
        except BeyondKnown:
            continue
        if walk.at > answer:
            found.append(_Late(walk, answer))
    return max(found, key=lambda late: (late.walk.at - late.due, -late.walk.reported.timestamp()), default=None)


def _reaches_nobody(given: Given) -> Iterator[Hit]:
    for ladder in given.contract.desk.ladders.values():
        climbing = Climbing.of(given, ladder)
        start, end = given.span[0].astimezone(UTC), sure_until(given, climbing.recipients)
        there = union(*climbing.there, climbing.last_there)
        empty = difference([(start, end)], there) if start < end else []
        if empty:
            first, last = max(empty, key=lambda interval: interval[1] - interval[0])
            message = f"nobody is told {spell(given, first, last)}{and_more(len(empty) - 1, 'spell')}"
            yield Hit(ladder.policy, f"{message}: no step reaches anybody", ("steps",))


def _without_channel(given: Given) -> Iterator[Hit]:
    for ladder in given.contract.desk.ladders.values():
        for index, step in enumerate(ladder.steps):
            people = given.contract.people
            lacking = [
                called(given, name)
                for name in members(given, step.tell)
                if step.by and not any(channel in people[name].channels for channel in step.by)
            ]
            if lacking:
                has = "has" if len(lacking) == 1 else "have"
                message = f"{', '.join(lacking)} {has} no {' and no '.join(step.by)}, by which {step.tell} is told"
                yield Hit(ladder.policy, message, ("steps", index, "by"))


def _no_members(given: Given) -> Iterator[Hit]:
    for ladder in given.contract.desk.ladders.values():
        for index, step in enumerate(ladder.steps):
            if not members(given, step.tell):
                yield Hit(ladder.policy, f"nobody is in {step.tell}, which is told", ("steps", index, "tell"))


RULES = (
    Rule(
        code="OP356",
        family="sla",
        severity=Severity.ERROR,
        title="A ladder is slower than the response that it serves",
        why="When nobody answers, the last to be told hears of the case after the response was due: then it is late.",
        mend="Shorten acknowledge_within, take a step out, or lengthen the time to respond.",
        find=_slower,
    ),
    Rule(
        code="OP357",
        family="sla",
        severity=Severity.ERROR,
        title="A ladder reaches nobody at some hours",
        why="A case that comes at such an hour is told to nobody at all.",
        mend="Add a step for those hours, or a last resort.",
        find=_reaches_nobody,
    ),
    Rule(
        code="OP359",
        family="sla",
        severity=Severity.ERROR,
        title="A ladder tells people by a channel that they do not have",
        why="The step is taken, the time runs, and nobody hears of it.",
        mend="Give them the channel, or tell them by one that they have.",
        find=_without_channel,
    ),
    Rule(
        code="OP365",
        family="sla",
        severity=Severity.ERROR,
        title="A ladder tells a team that nobody is in",
        why="The step is taken, the time runs, and nobody hears of it.",
        mend="Put somebody into the team, or tell another.",
        find=_no_members,
    ),
)
