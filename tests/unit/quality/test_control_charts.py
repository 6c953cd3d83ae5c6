"""Control charts: the examples of NIST's e-Handbook and of Montgomery's book, and what holds of all charts."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.quality.control_charts import (
    D2,
    LEAST_BASELINE,
    Baseline,
    Condition,
    Limits,
    baseline,
    ewma_chart,
    ewma_limits,
    individuals_chart,
    individuals_limits,
    moving_ranges,
    range_chart,
    range_limits,
)

FLOWRATES = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
"""NIST 6.3.2.2: flow rates of ten batches."""
NIST_VALUES = (
    *(52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5),
    *(49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1),
)
NIST_EWMA = (
    *(50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33),
    *(50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99),
)
"""NIST 6.3.2.4: the values, and their weighted means with weight 0.3, begun at 50."""
MONTGOMERY = (
    *(9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08, 9.37),
    *(10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52),
)
"""Montgomery, table 9.1: 20 values around 10, then 10 around 11; the standard deviation is 1."""
NUMBERS = st.floats(-1e6, 1e6)
VALUES = st.lists(st.none() | NUMBERS, max_size=30)


def test_nist_individuals() -> None:
    frozen = baseline(FLOWRATES)
    assert (round(frozen.mean, 2), round(frozen.mean_range, 4), frozen.count) == (50.81, 1.8778, 10)
    limits = individuals_limits(frozen)
    assert (round(limits.lower, 4), round(limits.center, 2), round(limits.upper, 4)) == (45.8159, 50.81, 55.8041)
    assert {point.condition for point in individuals_chart(frozen, FLOWRATES)} == {Condition.IN_CONTROL}


def test_nist_ewma() -> None:
    process = Baseline(50.0, 2.0539 * D2, 20)
    far = ewma_limits(process, 1000, weight=0.3)
    assert (far.lower, far.upper) == pytest.approx((47.4115, 52.5884), abs=1e-4)
    points = ewma_chart(process, NIST_VALUES, weight=0.3)
    assert [round(point.plotted or 0, 2) for point in points] == list(NIST_EWMA)
    assert {point.condition for point in points} == {Condition.IN_CONTROL}


def test_montgomerys_ewma_with_limits_that_widen() -> None:
    process = Baseline(10.0, D2, 20)
    points = ewma_chart(process, MONTGOMERY, weight=0.1, sigmas=2.7)
    assert [point.plotted for point in points[:3]] == pytest.approx([9.945, 9.7495, 9.70355])
    assert [round(point.limits.upper, 2) for point in (points[0], points[1], points[-1])] == [10.27, 10.36, 10.62]
    signals = [number for number, point in enumerate(points, start=1) if point.condition.is_signal]
    assert signals == [29, 30], "the shift begins with value 21; single values show none of it"
    assert not any(point.condition.is_signal for point in individuals_chart(process, MONTGOMERY))


def test_ranges_have_limits_of_their_own() -> None:
    frozen = baseline(FLOWRATES)
    limits = range_limits(frozen)
    assert (limits.lower, round(limits.center, 4), round(limits.upper, 4)) == (0.0, 1.8778, 6.1347)
    points = range_chart(frozen, (*FLOWRATES[-1:], 46.0))
    assert [point.condition for point in points] == [Condition.IN_CONTROL]
    assert [point.condition for point in range_chart(frozen, (52.0, 45.8))] == [Condition.ABOVE]


def test_limits_belong_to_what_is_in_control() -> None:
    limits = Limits(1.0, 2.0, 3.0)
    assert [limits.condition(value) for value in (1.0, 3.0, 0.999, 3.001, None, math.nan, math.inf)] == [
        *[Condition.IN_CONTROL] * 2,
        Condition.BELOW,
        Condition.ABOVE,
        *[Condition.UNKNOWN] * 3,
    ]


def test_a_process_without_any_variation_signals_every_change() -> None:
    frozen = baseline([5.0] * 8)
    points = individuals_chart(frozen, [5.0, 5.001, 4.999])
    assert [point.condition for point in points] == [Condition.IN_CONTROL, Condition.ABOVE, Condition.BELOW]


def test_there_is_no_range_across_an_unknown_value() -> None:
    assert list(moving_ranges([1.0, None, 4.0, 6.0, math.nan, 1.0])) == [None, None, 2.0, None, None]
    with_gaps = baseline([*FLOWRATES[:5], None, *FLOWRATES[5:]])
    assert with_gaps.mean_range == pytest.approx((2.0 + 2.3 + 1.4 + 3.5 + 1.4 + 0.2 + 1.2 + 1.5) / 8)
    assert with_gaps.mean == pytest.approx(50.81)


@pytest.mark.parametrize("values", [[], [1.0] * (LEAST_BASELINE - 1), [1.0, None] * LEAST_BASELINE])
def test_limits_of_too_few_values_are_refused(values: list[float | None]) -> None:
    with pytest.raises(ValueError, match="a baseline of"):
        baseline(values)


@pytest.mark.parametrize(("number", "weight"), [(0, 0.2), (1, 0.0), (1, 1.1)])
def test_an_ewma_that_cannot_be_is_refused(number: int, weight: float) -> None:
    with pytest.raises(ValueError, match="has no limits"):
        ewma_limits(Baseline(0.0, 1.0, 9), number, weight=weight)


@given(VALUES)
def test_charts_have_a_point_for_each_value_and_unknown_ones_say_so(values: list[float | None]) -> None:
    frozen = Baseline(0.0, 1.0, 20)
    for chart in (individuals_chart(frozen, values), ewma_chart(frozen, values)):
        assert len(chart) == len(values)
        assert [point.condition is Condition.UNKNOWN for point in chart] == [value is None for value in values]
    assert len(range_chart(frozen, values)) == max(0, len(values) - 1)


@given(VALUES)
def test_an_unknown_value_changes_nothing_of_later_weighted_means(values: list[float | None]) -> None:
    frozen = Baseline(0.0, 1.0, 20)
    known = ewma_chart(frozen, [value for value in values if value is not None])
    assert tuple(point for point in ewma_chart(frozen, values) if point.plotted is not None) == known


@given(VALUES)
def test_a_weight_of_one_is_the_chart_of_the_values(values: list[float | None]) -> None:
    frozen = Baseline(0.0, 1.0, 20)
    alike = zip(ewma_chart(frozen, values, weight=1.0), individuals_chart(frozen, values), strict=True)
    assert all(one.plotted == pytest.approx(other.plotted) for one, other in alike)
    assert ewma_limits(frozen, 1, weight=1.0).upper == pytest.approx(individuals_limits(frozen).upper)


@given(st.lists(NUMBERS, min_size=LEAST_BASELINE, max_size=30), NUMBERS, st.floats(0.1, 1000))
def test_another_unit_changes_no_verdict(values: list[float], shift: float, factor: float) -> None:
    frozen, other = baseline(values), baseline([value * factor + shift for value in values])
    assert other.mean == pytest.approx(frozen.mean * factor + shift, rel=1e-6, abs=1e-3)
    assert other.sigma == pytest.approx(frozen.sigma * factor, rel=1e-6, abs=1e-3)


def test_false_alarms_are_as_rare_as_the_theory_says() -> None:
    chance = random.Random(20261129)
    frozen = Baseline(0.0, D2, 1000)
    values = [chance.gauss(0, 1) for _ in range(20_000)]
    alone = sum(point.condition.is_signal for point in individuals_chart(frozen, values))
    assert 30 <= alone <= 80  # 0.27 % of them: 54
    weighted = sum(point.condition.is_signal for point in ewma_chart(frozen, values))
    assert weighted < 150
