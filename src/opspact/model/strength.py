"""How strong the fields of a policy are: what each promises, and which way it would promise less.

Comes in: values from `resolve.strength`. Goes out: values that two versions of a contract are compared by.
"""

from typing import Literal

from opspact.structs import Struct
from opspact.values.period import Period
from opspact.values.schedule import Schedule

Direction = Literal[
    "more",
    "less",
    "fewer",
    "grown",
    "looser",
    "given",
    "shorter",
    "off",
    "rarer",
    "fewer hosts",
    "fewer hours",
    "later choice",
    "earlier choice",
    "lighter",
    "later",
    "narrower",
    "any of",
    "only hosts",
    "more hours",
    "other",
    "changed",
]


class Amount(Struct):
    """A number in a unit (empty: none): only amounts of one unit can be compared."""

    number: float
    unit: str = ""


class Bounds(Struct):
    """The numbers that meet a target. Each end says with +1 or -1 that it lies just above or below its number."""

    low: tuple[float, int]
    high: tuple[float, int]
    unit: str

    def exceeds(self, other: "Bounds") -> bool:
        """Given bounds in the same unit, return whether some number is within these and not within those."""
        return self.low < other.low or self.high > other.high


Value = Amount | Bounds | Period | frozenset[str] | Schedule | str | None
"""An amount, bounds, days, members, a schedule, or else a text (a host pattern, a name); None: nothing is promised."""


class Strength(Struct):
    """One field: `label` finds it in another version, `path` where it stands in this one, `text` what is written."""

    label: str
    path: tuple[str | int, ...]
    direction: Direction
    value: Value
    text: str
