"""Whose turn it is: rotations and their hand-overs, overrides, and the days on which people come and go.

Comes in: a contract, one of its rosters, two instants. Goes out: spells in which the same people stand ready, whether
or not anything is to be covered then.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.override import Override
from opspact.model.policies.person import Person
from opspact.model.policies.roster import Roster, Rotation
from opspact.model.time.calendar import Interval
from opspact.model.time.occurrences import occurrences
from opspact.structs import Struct
from opspact.values.schedule import Schedule

_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)


class Absence(Struct):
    """Somebody whose turn it is, and who is not there.

    By an override; or without one because they are not with the contract: not any more since their last `day` (`left`),
    or not yet before their first one.
    """

    person: str
    override: Override | None = None
    left: bool = False
    day: date | None = None


class Ready(Struct):
    """Who stands ready: `people` in the order of their turns, each once.

    `absent` are those whose turn it would be. `instead` says for whom somebody stands in. `begun` is False before the
    roster's first hand-over.
    """

    people: tuple[str, ...] = ()
    absent: tuple[Absence, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()
    begun: bool = True


Spell = tuple[datetime, datetime, Ready]


def ready(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[Spell]:
    """Given two instants (aware, half open), return who stands ready: spells in UTC that touch, like ones joined."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    overrides = [override for override in contract.overrides if override.touches(roster.name)]
    turns = list(_turns(roster, start, end=end))
    return _spells(turns, _Presence.of(contract, roster.named, overrides), start, end=end)


def attendance(contract: Contract, people: Sequence[str], *, start: datetime, end: datetime) -> list[Spell]:
    """Given people who are named together, on a roster or not, return who of them is there, as `ready` does.

    An override that names no roster is leave: it takes somebody off whatever names them, and a stand-in is there in
    their place. One that names rosters changes nothing but those.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    leave = [override for override in contract.overrides if not override.rosters]
    return _spells([(start, tuple(people))], _Presence.of(contract, people, leave), start, end=end)


def _spells(
    turns: Sequence[tuple[datetime, tuple[str, ...]]], presence: "_Presence", start: datetime, *, end: datetime
) -> list[Spell]:
    """Return who is there of those whose turn it is."""
    cuts = {start, end, *(at for at, _ in turns), *presence.changes}
    instants = sorted(at for at in cuts if start <= at <= end)
    changes = sorted(set(presence.changes))
    known: dict[tuple[int, tuple[str, ...]], Ready] = {}
    spells: list[Spell] = []
    position = -1
    for begin, finish in pairwise(instants):
        while position + 1 < len(turns) and turns[position + 1][0] <= begin:
            position += 1
        found = Ready(begun=False)
        if position >= 0:
            same = (bisect_right(changes, begin), turns[position][1])  # so long as nobody comes or goes
            found = known.get(same) or known.setdefault(same, presence.ready(turns[position][1], begin))
        if spells and spells[-1][2] == found:
            spells[-1] = (spells[-1][0], finish, found)
        else:
            spells.append((begin, finish, found))
    return spells


def _turns(roster: Roster, start: datetime, *, end: datetime) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    """Yield from when on whose turn it is, in order: the turn at `start`, then each that begins before `end`."""
    if roster.people:
        yield start, roster.people
    begins = [_begin(rotation, end) for rotation in roster.rotations]
    for index, rotation in enumerate(roster.rotations):
        later = [begin for begin in begins[index + 1 :] if begin is not None]
        if begins[index] is not None and not (later and later[0] <= start):
            yield from _of_rotation(rotation, roster.on_duty, start=start, end=min([end, *later]))


def _begin(rotation: Rotation, end: datetime) -> datetime | None:
    """Return a rotation's first hand-over; None when there is none before `end`."""
    return next(iter(_handovers(rotation.handover, ZoneInfo(rotation.zone), since=rotation.since, end=end)), None)


@lru_cache(maxsize=64)
def _handovers(handover: Schedule, zone: ZoneInfo, *, since: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return a rotation's hand-overs before `end`: many rotations have the same."""
    return tuple(occurrences(handover, zone, since, end=end, forward=True))[:: handover.weeks]


def _of_rotation(
    rotation: Rotation, on_duty: int, *, start: datetime, end: datetime
) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    """Yield a rotation's turns, counted from its first: each takes the next people in order, the last ones stay on."""
    people = rotation.people
    current: tuple[datetime, tuple[str, ...]] | None = None
    for number, at in enumerate(_handovers(rotation.handover, ZoneInfo(rotation.zone), since=rotation.since, end=end)):
        if current is not None and start < at:
            yield current
        current = (at, tuple(people[(number + place) % len(people)] for place in range(on_duty)))
    if current is not None:
        yield current


class _Presence(Struct):
    """When people are there."""

    people: Mapping[str, Person]
    zone: ZoneInfo
    spans: Mapping[str, Sequence[Interval]]
    overrides: Mapping[str, Sequence[Override]]

    @classmethod
    def of(cls, contract: Contract, people: Iterable[str], overrides: Sequence[Override]) -> "_Presence":
        """Given people, and overrides that count, return when they and those who stand in are there."""
        named = {*people, *(each.instead for each in overrides if each.instead)}
        away: dict[str, list[Override]] = {}
        for override in overrides:
            if override.away in named:
                away.setdefault(override.away, []).append(override)
        zone = ZoneInfo(contract.zone)
        return cls(contract.people, zone, {name: spans(contract.people[name], zone) for name in named}, away)

    @property
    def changes(self) -> Iterator[datetime]:
        """The instants at which somebody comes or goes."""
        for spans in self.spans.values():
            yield from (at for each in spans for at in each)
        for several in self.overrides.values():
            for override in several:
                yield override.start
                yield override.end

    def ready(self, turn: tuple[str, ...], at: datetime) -> Ready:
        """Given whose turn it is, return who stands ready at an instant."""
        people: dict[str, str] = {}
        absent: list[Absence] = []
        for name in turn:
            there = self._there(name, at, absent)
            if there is not None:
                people.setdefault(there, name)
        instead = tuple((there, name) for there, name in people.items() if there != name)
        return Ready(tuple(people), tuple(absent), instead)

    def _there(self, name: str, at: datetime, absent: list[Absence]) -> str | None:
        """Return who is there in a person's place: they themselves, or whoever stands in, or nobody."""
        asked: set[str] = set()
        current: str | None = name
        while current is not None and current not in asked:
            asked.add(current)
            is_employed = any(begin <= at < end for begin, end in self.spans[current])
            away = next((each for each in self.overrides.get(current, ()) if each.start <= at < each.end), None)
            if is_employed and away is None:
                return current
            if not is_employed and away and not away.instead:
                away = None  # leave of somebody who is not with the contract changes nothing
            absent.append(Absence(current, away) if away else self._not_employed(current, at))
            current = away.instead if away else None
        return None

    def _not_employed(self, name: str, at: datetime) -> Absence:
        day = at.astimezone(self.zone).date()
        last = self.people[name].ended_on(day)
        return Absence(name, left=last is not None, day=last or self.people[name].starts_after(day))


def spans(person: Person, zone: ZoneInfo) -> tuple[Interval, ...]:
    """Given a person and the contract's zone, return the hours (UTC, in order) in which they are with the contract."""
    return tuple(
        (_midnight(each.first, zone), _midnight(each.last + _DAY, zone) if each.last else _NEVER)
        for each in person.employed
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
