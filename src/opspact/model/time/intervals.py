"""Sets of instants as sorted, disjoint, half-open intervals: union, intersection, difference.

Comes in: pairs of instants (anything that is ordered: datetimes in UTC, seconds). Goes out: the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar


class Ordered(Protocol):
    """What can be put in order."""

    def __lt__(self, other: Any, /) -> bool:
        """Whether this comes before the other."""


Instant = TypeVar("Instant", bound=Ordered)
Interval = tuple[Instant, Instant]


def union(*sets: Iterable[Interval[Instant]]) -> list[Interval[Instant]]:
    """Given intervals in any order, return what is in at least one of them: touching ones joined, empty ones gone."""
    joined: list[Interval[Instant]] = []
    for start, end in sorted(interval for each in sets for interval in each if interval[0] < interval[1]):
        if joined and not joined[-1][1] < start:
            last_start, last_end = joined[-1]
            joined[-1] = (last_start, max(last_end, end))
        else:
            joined.append((start, end))
    return joined


def intersection(one: Sequence[Interval[Instant]], other: Sequence[Interval[Instant]]) -> list[Interval[Instant]]:
    """Given two sets (each as `union` returns it), return what is in both."""
    found: list[Interval[Instant]] = []
    first = second = 0
    while first < len(one) and second < len(other):
        start = max(one[first][0], other[second][0])
        end = min(one[first][1], other[second][1])
        if start < end:
            found.append((start, end))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return found


def difference(one: Sequence[Interval[Instant]], other: Sequence[Interval[Instant]]) -> list[Interval[Instant]]:
    """Given two sets (each as `union` returns it), return what is in the first and not in the second."""
    left: list[Interval[Instant]] = []
    position = 0
    for start, end in one:
        while position < len(other) and not start < other[position][1]:
            position += 1
        begin, ahead = start, position
        while ahead < len(other) and other[ahead][0] < end:
            if begin < other[ahead][0]:
                left.append((begin, other[ahead][0]))
            begin = max(begin, other[ahead][1])
            ahead += 1
        if begin < end:
            left.append((begin, end))
    return left
