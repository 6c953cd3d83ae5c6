"""Whether a volume is as usual: the usual volume of each time of the week, and limits that a baseline has frozen.

Comes in: volumes of intervals. Goes out: limits, and how a volume stands to them. Part of the program `inspection`; the
charts are those of `quality.control_charts`, which names their sources.

A volume is compared by its logarithm: half and double are equally far, and ten times the usual is about ln 10 = 2.3
away.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log, sqrt
from typing import NamedTuple

D2 = 1.128  # the mean range of two values, in standard deviations
SIGMAS = 3.0
WEIGHT = 0.2  # of the newest value in the weighted mean
LEAST_OF_A_SLOT = 3  # known volumes without which a median is a guess
LEAST_KNOWN = 8  # known residuals without which their deviation is one
LEAST_SIGMA = 0.1  # volumes within a third of the usual are never a signal
DAMPING = 100  # a hundredth of the largest usual volume is added to both sides,
LEAST_ADDED = 10.0  # and ten rows at least: a few rows where there are none is no signal
SHORT, LONG = 0.5, 1.5  # of the usual length: intervals outside are not compared


class NoLimits(Exception):  # noqa: N818 - named after the decision
    """A baseline has no limits; the message says why."""


class Volume(NamedTuple):
    """What was written in an interval that ended in a slot of the week, and its length in seconds; None: unknown."""

    slot: str
    seconds: float
    rows: float | None


class NormalVolume(NamedTuple):
    """What is usual in a slot of the week: the rows, and the length of the interval in seconds."""

    rows: float
    seconds: float


class GrowthLimits(NamedTuple):
    """What a baseline has frozen: what is usual in each slot, and mean and standard deviation of the residuals."""

    usual: dict[str, NormalVolume]
    mean: float
    sigma: float


def residual(usual: dict[str, NormalVolume], volume: Volume) -> float:
    """Return the logarithm of how many times the usual of its slot a volume is. Raise NoLimits."""
    if volume.slot not in usual or volume.rows is None:
        raise NoLimits("the baseline does not say what is usual at this time of the week")
    added = max(LEAST_ADDED, max(each.rows for each in usual.values()) / DAMPING)
    return log((volume.rows + added) / (usual[volume.slot].rows + added))


def freeze(volumes: Iterable[Volume]) -> GrowthLimits:
    """Given the volumes of a baseline in the order of time, freeze its limits. Raise NoLimits.

    There is no range across an unknown volume; intervals of an unusual length count as unknown.
    """
    kept = list(volumes)
    by_slot: dict[str, list[Volume]] = {}
    for volume in kept:
        if volume.rows is not None:
            by_slot.setdefault(volume.slot, []).append(volume)
    usual: dict[str, NormalVolume] = {}
    for slot, found in by_slot.items():
        seconds = median(each.seconds for each in found)
        rows = [each.rows for each in found if each.rows is not None and is_whole(each.seconds, seconds)]
        if len(rows) >= LEAST_OF_A_SLOT:
            usual[slot] = NormalVolume(median(rows), seconds)
    residuals = [_known_residual(usual, volume) for volume in kept]
    known = [value for value in residuals if value is not None]
    pairs = [(residuals[at - 1], residuals[at]) for at in range(1, len(residuals))]
    ranges = [abs(after - before) for before, after in pairs if before is not None and after is not None]
    if len(known) < LEAST_KNOWN or len(ranges) < LEAST_KNOWN - 1:
        raise NoLimits(f"the baseline holds {len(known)} intervals that can be compared, {LEAST_KNOWN} are needed")
    return GrowthLimits(usual, sum(known) / len(known), max(LEAST_SIGMA, sum(ranges) / len(ranges) / D2))


def _known_residual(usual: dict[str, NormalVolume], volume: Volume) -> float | None:
    is_known = volume.rows is not None and volume.slot in usual
    return residual(usual, volume) if is_known and is_whole(volume.seconds, usual[volume.slot].seconds) else None


def is_whole(seconds: float, usual: float) -> bool:
    """Whether an interval is about as long as usual."""
    return SHORT * usual <= seconds <= LONG * usual


def exceeds_limits(limits: GrowthLimits, value: float) -> bool:
    """Whether a residual is above the upper limit of single ones."""
    return value > limits.mean + SIGMAS * limits.sigma


def median(values: Iterable[float]) -> float:
    """Return the median of values, one at least; `statistics` is slow to import, and most hosts have no database."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def moving_mean(mean: float, value: float) -> float:
    """Given the weighted mean so far and a value, return the new one."""
    return WEIGHT * value + (1 - WEIGHT) * mean


def signals(limits: GrowthLimits, value: float, *, mean: float, number: int) -> list[str]:
    """Given a residual, the weighted mean with it and how many it is of, return the charts on which it is a signal."""
    variance = WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * number))
    far = {
        "individuals": abs(value - limits.mean) > SIGMAS * limits.sigma,
        "ewma": abs(mean - limits.mean) > SIGMAS * limits.sigma * sqrt(variance),
    }
    return [chart for chart, is_far in far.items() if is_far]
