"""Sets of instants behave as sets of whole numbers do."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from opspact.model.time.intervals import difference, intersection, union

intervals = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def members(found: list[tuple[int, int]]) -> set[int]:
    return {number for start, end in found for number in range(start, end)}


def is_tidy(found: list[tuple[int, int]]) -> bool:
    whole = all(start < end for start, end in found)
    return whole and all(one[1] < other[0] for one, other in pairwise(found))


@given(intervals, intervals)
def test_union_intersection_and_difference_are_those_of_sets(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    first, second = union(one), union(other)
    assert members(first) == members(one)
    assert members(union(one, other)) == members(one) | members(other)
    assert members(intersection(first, second)) == members(one) & members(other)
    assert members(difference(first, second)) == members(one) - members(other)


@given(intervals, intervals)
def test_what_comes_out_is_sorted_and_disjoint(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    first, second = union(one), union(other)
    assert is_tidy(first)
    assert is_tidy(difference(first, second))
    assert all(start < end for start, end in intersection(first, second))
