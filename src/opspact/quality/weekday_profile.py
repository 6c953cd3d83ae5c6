"""The usual weekly wave of a volume, learnt from a baseline: what is left without it goes onto a control chart.

Comes in: volumes by day (rows written, bytes grown), None where unknown. Goes out: what is usual on each day of the
week, and how far a volume is from that.

A volume is compared by its logarithm: half and double are equally far, and ten times the usual is about ln 10 = 2.3
away. A hundredth of the largest usual volume, and 10 at least, is added to both sides: a few rows on a day that
usually has none are no signal.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import log
from statistics import median

from opspact.structs import Struct

DAYS = 7
DAMPING = 100
LEAST_ADDED = 10.0
LEAST_SIGMA = 0.1
"""Of the residuals of a baseline: volumes within a third of the usual are never a signal, however regular it was."""
LEAST_OF_A_DAY = 3
"""Known volumes of a day of the week without which its median is a guess; of four weeks, one may be unknown."""


class WeekdayProfile(Struct):
    """The usual volume of each day of the week, Monday first."""

    usual: tuple[float, ...]

    @property
    def added(self) -> float:
        """What is added to both sides; at least 10."""
        return max(LEAST_ADDED, max(self.usual) / DAMPING)

    def residual(self, day: date, volume: float | None) -> float | None:
        """Given a day and its volume, return the logarithm of how many times the usual it is; None: unknown."""
        if volume is None or volume < 0:
            return None
        return log((volume + self.added) / (self.usual[day.weekday()] + self.added))

    def residuals(self, volumes: Mapping[date, float | None]) -> Sequence[float | None]:
        """Given volumes by day, return their residuals in the order of the days."""
        return [self.residual(day, volumes[day]) for day in sorted(volumes)]


def weekday_profile(volumes: Mapping[date, float | None]) -> WeekdayProfile:
    """Given the volumes of a baseline, return its profile: the median of each day of the week.

    Raise ValueError when a day of the week is known on fewer than three days.
    """
    found: list[list[float]] = [[] for _ in range(DAYS)]
    for day, volume in volumes.items():
        if volume is not None and volume >= 0:
            found[day.weekday()].append(volume)
    if any(len(of_day) < LEAST_OF_A_DAY for of_day in found):
        counts = ", ".join(str(len(of_day)) for of_day in found)
        raise ValueError(f"volumes of {counts} days from Monday on, expected {LEAST_OF_A_DAY} of each")
    return WeekdayProfile(tuple(map(median, found)))
