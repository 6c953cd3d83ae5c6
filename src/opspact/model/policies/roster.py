"""The kind `roster`, as it is meant: who is on duty when.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from datetime import datetime

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule

ALWAYS = "always"
"""The calendar that is never closed, whether or not somebody writes it."""


class Rotation(Struct):
    """People who follow one another; the first turn begins with the first hand-over at or after `since` (UTC).

    `zone`: the one by whose clocks people hand over.
    """

    people: tuple[str, ...]
    handover: Schedule
    since: datetime
    zone: str


class Requires(Struct):
    """What everybody on duty must be (in one of the teams), have learned and have shown (all of them)."""

    teams: tuple[str, ...] = ()
    trainings: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()


class IntendedGap(Struct):
    """Hours left open on purpose; instants in UTC, half open."""

    start: datetime
    end: datetime
    reason: str
    agreed_by: str


class Roster(Struct):
    """Who answers, or is there, and when.

    To be covered are the hours of `calendar` less those of `closed` calendars. Either `rotations` (ascending; each
    holds until the next begins) or `people` (all of them, all the time). `is_standby`: they are at home, and come when
    called.
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
    per_shift: Duration | None
    per_week: Duration | None
    rest: Duration | None
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
