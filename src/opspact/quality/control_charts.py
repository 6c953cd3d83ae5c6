"""Control charts of single values in the order of time: individuals, moving ranges, EWMA. Limits are frozen.

Comes in: the values of a baseline, then values to judge; None is a value that is unknown. Goes out: charts, points.

A chart is made of its baseline once; what comes later never moves its limits. Sources: NIST/SEMATECH e-Handbook of
Statistical Methods (https://doi.org/10.18434/M32189), 6.3.2.2 «Individuals control charts» and 6.3.2.4 «EWMA control
charts»; D. C. Montgomery, Introduction to Statistical Quality Control, 7th edition, 6.4 and 9.2, and its appendix VI.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from math import isfinite, sqrt

from opspact.structs import Struct

D2 = 1.128
"""The mean range of two values of a normal distribution, in standard deviations (Montgomery, appendix VI, n = 2)."""
D4 = 3.267
"""The upper limit of a range of two values, in mean ranges (Montgomery, appendix VI, n = 2); its lower limit is 0."""
SIGMAS = 3.0
"""How many standard deviations from the centre the limits are (NIST 6.3.2: Shewhart's)."""
EWMA_WEIGHT = 0.2
"""The weight of the newest value; small shifts want 0.05 to 0.25 (Montgomery, 9.2.2)."""
LEAST_BASELINE = 8
"""Known values without which limits are no more than a guess: the mean range of fewer than 7 varies by a third."""


class Condition(StrEnum):
    """How a value stands to the limits. `unknown`: there is no value."""

    IN_CONTROL = "in control"
    ABOVE = "above"
    BELOW = "below"
    UNKNOWN = "unknown"

    @property
    def is_signal(self) -> bool:
        """Whether it is outside of the limits."""
        return self in {Condition.ABOVE, Condition.BELOW}


class Limits(Struct):
    """Where values are expected. What equals a limit is in control."""

    lower: float
    center: float
    upper: float

    def condition(self, value: float | None) -> Condition:
        """Given a value, return how it stands to the limits."""
        if value is None or not isfinite(value):
            return Condition.UNKNOWN
        if value > self.upper:
            return Condition.ABOVE
        return Condition.BELOW if value < self.lower else Condition.IN_CONTROL


class Point(Struct):
    """One place of a chart: what is plotted there (None: unknown), the limits there, how it stands to them."""

    plotted: float | None
    limits: Limits
    condition: Condition


class Baseline(Struct):
    """What a baseline says of a process: its mean, the mean of its moving ranges, how many values were known."""

    mean: float
    mean_range: float
    count: int

    @property
    def sigma(self) -> float:
        """The standard deviation, estimated by the mean moving range (NIST 6.3.2.2): shifts do not widen it."""
        return self.mean_range / D2


def baseline(values: Sequence[float | None]) -> Baseline:
    """Given the values of a baseline, return what they say. There is no range across an unknown value.

    Raise ValueError when too few are known.
    """
    known = [value for value in values if value is not None and isfinite(value)]
    ranges = [size for size in moving_ranges(values) if size is not None]
    if len(known) < LEAST_BASELINE or len(ranges) < LEAST_BASELINE - 1:
        raise ValueError(
            f"a baseline of {len(known)} known values and {len(ranges)} ranges, expected {LEAST_BASELINE} at least"
        )
    return Baseline(sum(known) / len(known), sum(ranges) / len(ranges), len(known))


def moving_ranges(values: Iterable[float | None]) -> Iterator[float | None]:
    """Given values, yield how far each is from the one before it; None where one of the two is unknown."""
    for before, after in pairwise(values):
        is_known = before is not None and after is not None and isfinite(before) and isfinite(after)
        yield abs(after - before) if is_known and before is not None and after is not None else None


def individuals_limits(frozen: Baseline) -> Limits:
    """Given a baseline, return the limits of single values: the mean, and 3 standard deviations on either side."""
    distance = SIGMAS * frozen.sigma
    return Limits(frozen.mean - distance, frozen.mean, frozen.mean + distance)


def range_limits(frozen: Baseline) -> Limits:
    """Given a baseline, return the limits of the moving ranges of two values."""
    return Limits(0.0, frozen.mean_range, D4 * frozen.mean_range)


def ewma_limits(frozen: Baseline, number: int, *, weight: float = EWMA_WEIGHT, sigmas: float = SIGMAS) -> Limits:
    """Given a baseline and the number of values so far (from 1), return the limits of their weighted mean.

    They are exact (Montgomery, 9.25 and 9.26) and widen towards those that NIST 6.3.2.4 uses from the beginning.
    Raise ValueError for a number below 1, or a weight that is not above 0 and at most 1.
    """
    if number < 1 or not 0 < weight <= 1:
        raise ValueError(f"value {number} with weight {weight} has no limits")
    variance = weight / (2 - weight) * (1 - (1 - weight) ** (2 * number))
    distance = sigmas * frozen.sigma * sqrt(variance)
    return Limits(frozen.mean - distance, frozen.mean, frozen.mean + distance)


def individuals_chart(frozen: Baseline, values: Iterable[float | None]) -> tuple[Point, ...]:
    """Given a baseline and values, return the chart of the values."""
    limits = individuals_limits(frozen)
    return tuple(Point(_known(value), limits, limits.condition(value)) for value in values)


def range_chart(frozen: Baseline, values: Sequence[float | None]) -> tuple[Point, ...]:
    """Given a baseline and values, return the chart of their moving ranges: one point fewer than there are values."""
    limits = range_limits(frozen)
    return tuple(Point(size, limits, limits.condition(size)) for size in moving_ranges(values))


def ewma_chart(
    frozen: Baseline, values: Iterable[float | None], *, weight: float = EWMA_WEIGHT, sigmas: float = SIGMAS
) -> tuple[Point, ...]:
    """Given a baseline and values, return the chart of their exponentially weighted mean, begun at the baseline's mean.

    An unknown value leaves the mean as it is, and counts for nothing.
    """
    mean, number, points = frozen.mean, 0, []
    for value in map(_known, values):
        if value is None:
            points.append(Point(None, ewma_limits(frozen, number + 1, weight=weight, sigmas=sigmas), Condition.UNKNOWN))
            continue
        number += 1
        mean = weight * value + (1 - weight) * mean
        limits = ewma_limits(frozen, number, weight=weight, sigmas=sigmas)
        points.append(Point(mean, limits, limits.condition(mean)))
    return tuple(points)


def _known(value: float | None) -> float | None:
    """Return a value; None for one that is no number."""
    return value if value is not None and isfinite(value) else None
