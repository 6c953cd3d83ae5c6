"""The promises of the service desk: calendars, service levels, ladders and channels, as they are meant.

Comes in: values from `model.resolve_desk`. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from opspact.model.calendar import Calendar, Length
from opspact.model.origin import Origin
from opspact.model.secret import SecretReference
from opspact.model.text import Text


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told or answers: whoever is on a roster, everybody of a team, or one person (`kind`)."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as written."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Milestone:
    """What must be reached `within` a time on a calendar, from the report or `after` an event (empty: the report).

    `rosters`: whose people do it; empty: it is not said.
    """

    name: str
    within: Length
    calendar: str
    after: str
    rosters: tuple[str, ...]
    pauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A level of faults: the symptoms that define it, its ladder (empty: none), its milestones in their order."""

    name: str
    means: Text
    ladder: str
    milestones: Mapping[str, Milestone]

    def path(self, milestone: str = "", *parts: str) -> tuple[str, ...]:
        """Given a milestone and a field of it, return where it is written; without them, the level's place."""
        return ("levels", self.name, *(("milestones", milestone, *parts) if milestone else parts))


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why a clock may stand still; `most` in one case (None: as long as it takes), what it `needs` (empty: nothing)."""

    name: str
    text: Text
    most: timedelta | None
    needs: str


@dataclass(frozen=True, slots=True)
class Sla:
    """Levels, the gravest first; `warn_at` are per cent of a clock; `channels` says where faults are reported.

    `events` are those of its own that start clocks, and what people call them.
    """

    name: str
    text: Text
    levels: Mapping[str, Level]
    channels: str
    warn_at: tuple[float, ...]
    pause_reasons: Mapping[str, PauseReason]
    events: Mapping[str, Text]
    origin: Origin

    @property
    def policy(self) -> str:
        """The policy that says so."""
        return f"sla/{self.name}"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: who is told after `wait`; the next after `acknowledge_within`. Seconds."""

    tell: Recipient
    by: tuple[str, ...]
    wait: float
    acknowledge_within: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """Who is told, and who is next; `holds`: a step that reaches nobody waits until somebody is on duty."""

    name: str
    text: Text
    steps: tuple[Rung, ...]
    holds: bool
    repeat: int
    last_resort: Recipient | None
    origin: Origin

    @property
    def policy(self) -> str:
        """The policy that says so."""
        return f"ladder/{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way to the desk in the hours of a calendar less those of `closed` ones, and who answers."""

    reach: Text
    at: str | SecretReference
    takes: tuple[str, ...]
    calendar: str
    closed: tuple[str, ...]
    answered_by: Recipient
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channels:
    """All ways to the desk."""

    name: str
    text: Text
    routes: tuple[Route, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it in one contract, by name. `calendars` has the built-in one, `always`, in the contract's zone."""

    calendars: Mapping[str, Calendar]
    slas: Mapping[str, Sla] = field(default_factory=lambda: MappingProxyType({}))
    ladders: Mapping[str, Ladder] = field(default_factory=lambda: MappingProxyType({}))
    channels: Mapping[str, Channels] = field(default_factory=lambda: MappingProxyType({}))
