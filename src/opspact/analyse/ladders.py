"""What rules about ladders and channels share: when somebody is reached, and how a ladder is gone through.

Comes in: a rule context, recipients, ladders. Goes out: intervals in UTC, instants.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

from opspact.analyse.attendance import attendance_of
from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.duty import duty_by_roster
from opspact.analyse.rule import RuleContext
from opspact.model.policies.channels import Route
from opspact.model.policies.ladder import Ladder
from opspact.model.roster.duty import known_until
from opspact.model.time.calendar import Interval, open_intervals
from opspact.model.time.intervals import difference, intersection, union
from opspact.structs import Struct
from opspact.values.recipient import Recipient


@lru_cache(maxsize=256)
def reachable_hours(context: RuleContext, whom: Recipient, by: tuple[str, ...] | None = ()) -> tuple[Interval, ...]:
    """Given a recipient and channels, return when somebody of them is there who has one of the channels.

    `by`: () for any channel; None: with or without one.
    """
    start, end = (at.astimezone(UTC) for at in context.span)
    if whom.kind == "roster":
        duty_intervals = duty_by_roster(context)[whom.name]
        there = union(
            (interval.start, interval.end)
            for interval in duty_intervals
            if any(has_channel(context, each, by) for each in interval.people)
        )
    else:
        spells = attendance_of(context, members(context, whom))
        there = union(
            (begin, finish)
            for begin, finish, ready in spells
            if any(has_channel(context, each, by) for each in ready.people)
        )
    return tuple(intersection(there, [(start, end)]) if start < end else ())


def accepted_gaps(context: RuleContext, whom: Recipient) -> tuple[Interval, ...]:
    """Given a recipient, return the hours that the customer agreed to leave open on its roster; of others, none."""
    if whom.kind != "roster":
        return ()
    return tuple((gap.start, gap.end) for gap in context.contract.rosters[whom.name].gaps_intended)


def members(context: RuleContext, whom: Recipient) -> tuple[str, ...]:
    """Given a recipient, return everybody who is meant at any time."""
    contract = context.contract
    match whom.kind:
        case "roster":
            return contract.rosters[whom.name].named
        case "team":
            return tuple(name for name, person in contract.people.items() if whom.name in person.teams)
        case _:
            return (whom.name,)


def has_channel(context: RuleContext, person: str, by: tuple[str, ...] | None) -> bool:
    """Given somebody and channels (none: any; None: no matter), return whether they have one of them."""
    if by is None:
        return True
    channels = context.contract.people[person].channels
    return any(channel in channels for channel in by) if by else bool(channels)


def without_channel(context: RuleContext, whom: Recipient, by: tuple[str, ...]) -> tuple[Affected, ...]:
    """Given a recipient and channels (none: any), return the key for those of them who have none; () where all have.

    Of a roster, the channel is one that the roster itself promises, where there is one among them.
    """
    promised = context.contract.rosters[whom.name].by if whom.kind == "roster" else ()
    channel = next((each for each in by if each in promised), by[0] if by else "any")
    lacking = [name for name in members(context, whom) if not has_channel(context, name, by)]
    return (affected(Condition.NO_CHANNEL, *(f"{name} {channel}" for name in lacking)),) if lacking else ()


def recipients_known_until(context: RuleContext, whom: Iterable[Recipient]) -> datetime:
    """Given recipients, return the instant in UTC up to which it is known who of them is there."""
    rosters = (context.contract.rosters[each.name] for each in whom if each.kind == "roster")
    known = (at for roster in rosters if (at := known_until(context.contract, roster)) is not None)
    return min([context.span[1].astimezone(UTC), *known])


def route_hours(context: RuleContext, route: Route, end: datetime) -> list[Interval]:
    """Given a way to the desk and an instant that its calendars know, return its hours up to it."""
    start, calendars = context.span[0].astimezone(UTC), context.contract.calendars
    closed = union(*(open_intervals(calendars[name], start, end) for name in route.closed))
    return difference(open_intervals(calendars[route.calendar], start, end), closed)


class Notice(Struct):
    """Who is notified at a step of a ladder, counted from 1, by which channels; the last resort has the number 0."""

    whom: Recipient
    by: tuple[str, ...] = ()
    number: int = 0

    @property
    def is_last(self) -> bool:
        """Whether it is the last resort."""
        return self.number == 0

    @property
    def title(self) -> str:
        """What it is called: `the last resort`, `step 2`."""
        return "the last resort" if self.is_last else f"step {self.number}"

    @property
    def path(self) -> tuple[str | int, ...]:
        """Where it is written."""
        return ("last_resort",) if self.is_last else ("steps", self.number - 1, "tell")


def notices(ladder: Ladder) -> list[Notice]:
    """Given a ladder, return everybody whom it notifies, the last resort at the end."""
    steps = [Notice(step.tell, step.by, number) for number, step in enumerate(ladder.steps, start=1)]
    return [*steps, Notice(ladder.last_resort)] if ladder.last_resort else steps


_MOST_SUMS = 500
"""So many sums of what steps take are looked at, at most: ladders have a few steps, mostly of the same length."""


class Walk(Struct):
    """A ladder gone through without an answer: who was notified last and when; nobody at all: `last` is None."""

    reported: datetime
    last: Recipient | None
    at: datetime


class LadderRun(Struct, dict=True):
    """A ladder, and when each of its steps, and the last resort, reach somebody."""

    ladder: Ladder
    there: tuple[Sequence[Interval], ...]
    last_there: Sequence[Interval]

    @classmethod
    def of(cls, context: RuleContext, ladder: Ladder) -> "LadderRun":
        """Given a ladder, return it with the times at which it reaches somebody."""
        last = ladder.last_resort
        steps = tuple(reachable_hours(context, step.tell, step.by) for step in ladder.steps)
        return cls(ladder, steps, reachable_hours(context, last) if last else ())

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Everybody who may be notified."""
        return tuple(each.whom for each in notices(self.ladder))

    @property
    def longest(self) -> timedelta:
        """How long going through takes when everybody is there and nobody answers."""
        once = sum((step.wait_time + step.acknowledge_time for step in self.ladder.steps), timedelta())
        return once * self.ladder.repeat

    @cached_property
    def _legs(self) -> tuple["_Leg", ...]:
        """What is gone through: each step in its turn, as often as the ladder is repeated."""
        legs = tuple(
            _Leg(step.wait_time, step.acknowledge_time, step.tell, _Presence(there))
            for step, there in zip(self.ladder.steps, self.there, strict=True)
        )
        return legs * self.ladder.repeat

    @cached_property
    def _end(self) -> "_Presence":
        return _Presence(self.last_there)

    def walk(self, reported: datetime) -> Walk:
        """Given when a case was reported, return how the ladder is gone through if nobody answers."""
        at, last, notified_at = reported, None, reported
        for leg in self._legs:
            reach = leg.presence.next(at + leg.wait, hold=self.ladder.holds)
            if reach is not None:
                last, notified_at = leg.whom, reach
                at = reach + leg.acknowledge_within
        final = self._end.next(at, hold=False)
        if final is not None:
            last, notified_at = self.ladder.last_resort, final
        return Walk(reported, last, notified_at)

    def waits(self, reported: datetime) -> Iterator[tuple[Recipient, Interval]]:
        """Given when a case was reported, yield whom the ladder waits for, and in which hours, if nobody answers."""
        at = reported
        for leg in self._legs:
            wanted = at + leg.wait
            reach = leg.presence.next(wanted, hold=self.ladder.holds)
            if reach is not None:
                if wanted < reach:
                    yield leg.whom, (wanted, reach)
                at = reach + leg.acknowledge_within

    def moments(self) -> set[datetime]:
        """Return reports that may fare worst: those whose steps meet a change of who is there."""
        spent, asked = {timedelta()}, {timedelta()}
        for step in self.ladder.steps * self.ladder.repeat:
            asked |= {before + step.wait_time for before in spent}
            if len(spent) < _MOST_SUMS:  # a step that reaches nobody takes no time, so each of them may count or not
                taken = step.wait_time + step.acknowledge_time
                spent |= {before + taken for before in spent}
        changes = {bound for there in (*self.there, self.last_there) for interval in there for bound in interval}
        return {change - offset for change in changes for offset in asked | spent}


class _Presence:
    """When somebody is there, laid out so that the next time is found by bisection."""

    def __init__(self, there: Sequence[Interval]) -> None:
        self._begins = [begin for begin, _ in there]
        self._ends = [end for _, end in there]

    def next(self, at: datetime, *, hold: bool) -> datetime | None:
        """Return the instant if somebody is there then, else the next at which somebody is if that is waited for."""
        index = bisect_right(self._ends, at)
        if index == len(self._ends):
            return None
        begin = self._begins[index]
        return at if begin <= at else begin if hold else None


class _Leg(Struct):
    """One step of a ladder on the way through it."""

    wait: timedelta
    acknowledge_within: timedelta
    whom: Recipient
    presence: _Presence
