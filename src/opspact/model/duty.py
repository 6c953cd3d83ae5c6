"""Who is there when: teams, rosters, overrides, trainings, visits and staffing, as they are meant.

Comes in: values from `model.resolve_duty`. Goes out: frozen values, held by the contract. Read by `model.roster` and by
rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from opspact.model.origin import Origin
from opspact.model.schedule import Schedule
from opspact.model.text import Text

ALWAYS = "always"
"""The calendar that is never closed, whether or not somebody writes it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Something that a person has shown to know; `until` its last day (None: it does not expire)."""

    name: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many there must be: at least, and at most (None: no matter)."""

    least: int
    most: int | None

    def __contains__(self, number: int) -> bool:
        """Whether a number is within."""
        return self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        """Return them in words."""
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class Team:
    """A part of the organisation; people say that they are in it."""

    name: str
    text: Text
    headcount: Bounds | None
    duties: tuple[Text, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who follow one another; the first turn begins with the first hand-over at or after `since` (UTC)."""

    people: tuple[str, ...]
    handover: Schedule
    since: datetime


@dataclass(frozen=True, slots=True)
class Requires:
    """What everybody on duty must be (in one of the teams), have learned and have shown (all of them)."""

    teams: tuple[str, ...] = ()
    trainings: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IntendedGap:
    """Hours left open on purpose; instants in UTC, half open."""

    start: datetime
    end: datetime
    reason: str
    agreed_by: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Who answers, or is there, and when.

    To be covered are the hours of `calendar` less those of `closed` calendars. Either `rotations` (ascending; each
    holds until the next begins) or `people` (all of them, all the time). `is_standby`: they are at home, and come when
    called. `per_shift`, `per_week` and `rest` in seconds.
    """

    name: str
    text: Text
    calendar: str
    closed: tuple[str, ...]
    on_duty: int
    by: tuple[str, ...]
    rotations: tuple[Rotation, ...]
    people: tuple[str, ...]
    is_standby: bool
    requires: Requires
    per_shift: float | None
    per_week: float | None
    rest: float | None
    gaps_intended: tuple[IntendedGap, ...]
    origin: Origin

    @property
    def policy(self) -> str:
        """The policy that says so."""
        return f"roster/{self.name}"

    @property
    def named(self) -> tuple[str, ...]:
        """Everybody named on it, in order."""
        turns = (name for rotation in self.rotations for name in rotation.people)
        return tuple(dict.fromkeys([*turns, *self.people]))


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody is away from rosters (empty: from all of them); instants in UTC, half open."""

    name: str
    rosters: tuple[str, ...]
    start: datetime
    end: datetime
    away: str
    instead: str | None
    reason: str
    origin: Origin

    def touches(self, roster: str) -> bool:
        """Given a roster's name, return whether it is meant."""
        return not self.rosters or roster in self.rosters


@dataclass(frozen=True, slots=True)
class Training:
    """Who learns what. `schedule` None: before first duty. `audience`: people of ours; `takes` in seconds."""

    name: str
    text: Text
    audience: tuple[str, ...]
    users: tuple[Text, ...]
    schedule: Schedule | None
    stage: Text | None
    content: Text
    trainer: str
    takes: float | None
    done: Mapping[str, date]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Visit:
    """When the customer is called on, and by which team or person; `takes` in seconds."""

    name: str
    text: Text
    schedule: Schedule
    by: str
    takes: float | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Staffing:
    """How many are resident (of `people`) on every day, and how many on site at once by `rosters`."""

    name: str
    people: tuple[str, ...]
    resident: Bounds | None
    rosters: tuple[str, ...]
    on_site: Bounds | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Chore:
    """Work beside duty: by which team or person (`people`: who that is), when, and how long it takes each time.

    `policy` says so: a visit, a training that is held on a schedule, an inspection that somebody reads.
    """

    policy: str
    by: str
    people: tuple[str, ...]
    schedule: Schedule
    seconds: float


@dataclass(frozen=True, slots=True)
class Duty:
    """All of it in one contract, each by name, in the order of names."""

    teams: Mapping[str, Team] = field(default_factory=lambda: MappingProxyType({}))
    rosters: Mapping[str, Roster] = field(default_factory=lambda: MappingProxyType({}))
    overrides: tuple[Override, ...] = ()
    trainings: Mapping[str, Training] = field(default_factory=lambda: MappingProxyType({}))
    visits: tuple[Visit, ...] = ()
    staffings: tuple[Staffing, ...] = ()
    chores: tuple[Chore, ...] = ()
