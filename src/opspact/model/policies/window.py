"""The kind `window`, as it is meant: times of maintenance, times when nothing may run, or guard periods.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.structs import Struct, field
from opspact.values.duration import Duration
from opspact.values.period import Period
from opspact.values.schedule import Schedule


class Guard(Struct):
    """What holds in a guard period besides.

    `inspections`: by name, the schedule on which an inspection runs on these days besides its own. `residents`: how
    many people are resident at least; `rosters`: how many are on duty at least, by roster, in its hours (0: no matter).
    """

    inspections: Mapping[str, Schedule] = field(default_factory=dict)
    residents: int = 0
    rosters: Mapping[str, int] = field(default_factory=dict)


class Window(Struct):
    """Times of maintenance, or (`blackout`) times when nothing but `allows` may run.

    Either again and again, a `length` from when `schedule` is due; or on `days`. With `guard` it is a guard period: a
    blackout on `days`, and more.
    """

    name: str
    blackout: bool
    hosts: tuple[str, ...]
    schedule: Schedule | None
    length: Duration | None
    days: Period | None
    allows: frozenset[str]
    origin: Origin
    guard: Guard | None = None

    @property
    def title(self) -> str:
        """What it is called in messages."""
        kind = "guard period" if self.guard else "blackout" if self.blackout else "maintenance window"
        return f"{kind} {self.name}"

    @property
    def path(self) -> tuple[str]:
        """Where its policy writes its times."""
        return ("days",) if self.guard else ("when",)
