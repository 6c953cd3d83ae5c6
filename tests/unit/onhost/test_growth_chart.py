"""The limits that hosts freeze are those of the control charts, and so is what they call a signal."""

import random
from datetime import date, timedelta

import pytest

from opspact.onhost.growth_chart import (
    LEAST_SIGMA,
    WEIGHT,
    GrowthLimits,
    NoLimits,
    Volume,
    freeze,
    moving_mean,
    residual,
    signals,
)
from opspact.quality import control_charts
from opspact.quality.weekday_profile import weekday_profile

DAY = 86400.0
WAVE = (9000, 8200, 8500, 8100, 9900, 600, 0)
MONDAY = date(2026, 3, 2)


def volumes(weeks: int, seed: int = 1) -> dict[date, float | None]:
    chance = random.Random(seed)
    days = (MONDAY + timedelta(days=number) for number in range(7 * weeks))
    return {day: round(WAVE[day.weekday()] * chance.lognormvariate(0, 0.2)) for day in days}


def of_days(found: dict[date, float | None]) -> list[Volume]:
    return [Volume(str(day.weekday()), DAY, rows) for day, rows in found.items()]


@pytest.mark.parametrize("seed", range(4))
def test_limits_and_signals_are_those_of_the_control_charts(seed: int) -> None:
    learnt = {day: None if day.day == 11 else rows for day, rows in volumes(6, seed).items()}
    profile = weekday_profile(learnt)
    baseline = control_charts.baseline(profile.residuals(learnt))
    frozen = freeze(of_days(learnt))
    assert tuple(frozen.usual[str(day)].rows for day in range(7)) == profile.usual
    assert (frozen.mean, frozen.sigma) == pytest.approx((baseline.mean, baseline.sigma))
    assert WEIGHT == control_charts.EWMA_WEIGHT
    chance, mean, values = random.Random(seed), frozen.mean, []
    found: list[list[str]] = []
    for number in range(1, 60):
        day = str(number % 7)
        value = residual(frozen.usual, Volume(day, DAY, WAVE[number % 7] * chance.choice([1, 1, 1.4, 6])))
        values.append(value)
        mean = moving_mean(mean, value)
        found.append(signals(frozen, value, mean=mean, number=number))
    for chart, points in (
        ("individuals", control_charts.individuals_chart(baseline, values)),
        ("ewma", control_charts.ewma_chart(baseline, values)),
    ):
        assert [chart in of_one for of_one in found] == [point.condition.is_signal for point in points]
        assert any(point.condition.is_signal for point in points)


def is_signal(frozen: GrowthLimits, day: int, rows: float) -> bool:
    value = residual(frozen.usual, Volume(str(day), DAY, rows))
    return "individuals" in signals(frozen, value, mean=frozen.mean, number=1)


def test_ten_times_the_usual_is_a_signal_on_every_day_and_the_wave_on_none() -> None:
    frozen = freeze(of_days(volumes(4)))
    assert [is_signal(frozen, day, WAVE[day] * 10) for day in range(6)] == [True] * 6
    assert [is_signal(frozen, day, WAVE[day]) for day in range(7)] == [False] * 7
    assert is_signal(frozen, 6, WAVE[0]), "a usual Monday is not a usual Sunday"


def test_volumes_that_never_changed_leave_room_for_a_quarter_more() -> None:
    frozen = freeze([Volume(str(day % 7), DAY, 1000.0) for day in range(28)])
    assert frozen.sigma == LEAST_SIGMA
    assert [is_signal(frozen, 0, rows) for rows in (800, 1250, 1500)] == [False, False, True]


def test_a_table_in_which_nobody_writes_may_have_a_few_rows() -> None:
    frozen = freeze([Volume(str(day % 7), DAY, 0.0) for day in range(28)])
    assert [is_signal(frozen, 0, rows) for rows in (0, 3, 100)] == [False, False, True]


def test_a_day_of_which_too_little_is_known_has_no_limits_and_the_others_have() -> None:
    learnt = [volume if volume.slot != "2" else volume._replace(rows=None) for volume in of_days(volumes(4))]
    frozen = freeze(learnt)
    assert set(frozen.usual) == {"0", "1", "3", "4", "5", "6"}
    with pytest.raises(NoLimits, match="this time of the week"):
        residual(frozen.usual, Volume("2", DAY, 8000.0))


def test_intervals_of_another_length_are_not_learnt_from() -> None:
    learnt = of_days(volumes(4))
    doubled = [*learnt[:9], learnt[9]._replace(seconds=2 * DAY, rows=99_999.0), *learnt[10:]]
    assert freeze(doubled) == freeze([*learnt[:9], learnt[9]._replace(rows=None), *learnt[10:]])


@pytest.mark.parametrize("learnt", [[], of_days(volumes(1)), of_days(volumes(2))])
def test_a_baseline_that_is_too_short_freezes_nothing(learnt: list[Volume]) -> None:
    with pytest.raises(NoLimits, match="8 are needed"):
        freeze(learnt)
