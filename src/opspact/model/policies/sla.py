"""The kind `sla`, as it is meant: how soon what is done about a fault of which level.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.percent import Percent


class Milestone(Struct):
    """What must be reached `within` a time on a calendar, from the report or `after` an event (empty: the report).

    `rosters`: whose people do it; empty: it is not said.
    """

    name: str
    within: Duration
    calendar: str
    after: str
    rosters: tuple[str, ...]
    pauses: tuple[str, ...]


class Level(Struct):
    """A level of faults: the symptoms that define it, its ladder (empty: none), its milestones in their order."""

    name: str
    means: Text
    ladder: str
    milestones: Mapping[str, Milestone]

    def path(self, milestone: str = "", *parts: str) -> tuple[str, ...]:
        """Given a milestone and a field of it, return where it is written; without them, the level's place."""
        return ("levels", self.name, *(("milestones", milestone, *parts) if milestone else parts))


class PauseReason(Struct):
    """Why a clock may stand still; `most` in one case (None: as long as it takes), what it `needs` (empty: nothing)."""

    name: str
    text: Text
    most: Duration | None
    needs: str


class Sla(Struct):
    """Levels, the gravest first; `warn_at` are shares of a clock; `channels` says where faults are reported.

    `events` are those of its own that start clocks, and what people call them.
    """

    name: str
    text: Text
    levels: Mapping[str, Level]
    channels: str
    warn_at: tuple[Percent, ...]
    pause_reasons: Mapping[str, PauseReason]
    events: Mapping[str, Text]
    origin: Origin

    @property
    def policy(self) -> str:
        """The policy that says so."""
        return f"sla/{self.name}"
