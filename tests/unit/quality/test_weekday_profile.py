"""The weekly wave is no signal, and ten times the usual volume is one, on every day of the week."""

import math
import random
from datetime import date, timedelta

import pytest

from opspact.quality.control_charts import baseline, ewma_chart, individuals_chart
from opspact.quality.weekday_profile import WeekdayProfile, weekday_profile

MONDAY = date(2026, 3, 2)
WAVE = (9000, 8200, 8500, 8100, 9900, 600, 0)
"""Rows written on the days of a usual week: nothing on Sundays."""


def volumes(weeks: int, *, begin: date = MONDAY, seed: int = 1) -> dict[date, float | None]:
    chance = random.Random(seed)
    days = (begin + timedelta(days=number) for number in range(7 * weeks))
    return {day: round(WAVE[day.weekday()] * chance.lognormvariate(0, 0.15)) for day in days}


def test_the_usual_week_is_the_median_of_each_day() -> None:
    known: dict[date, float | None] = {
        MONDAY + timedelta(days=number): [10.0, 20.0, 30.0, 4000.0][number // 7] + number % 7 for number in range(28)
    }
    assert weekday_profile(known).usual == (25.0, 26.0, 27.0, 28.0, 29.0, 30.0, 31.0)


def test_ten_times_the_usual_is_the_same_distance_and_a_few_rows_are_none() -> None:
    profile = WeekdayProfile((9000.0, 4000.0, 2000.0, 0.0, 1.0, 1.0, 1.0))
    far = [profile.residual(MONDAY + timedelta(days=day), usual * 10) for day, usual in enumerate(profile.usual[:3])]
    assert far == pytest.approx([math.log(10)] * 3, rel=0.02)
    assert profile.residual(MONDAY + timedelta(days=3), 0) == 0
    assert profile.residual(MONDAY + timedelta(days=3), 2) == pytest.approx(math.log(92 / 90))
    assert WeekdayProfile((0.0,) * 7).residual(MONDAY, 1) == pytest.approx(math.log(1.1))
    assert profile.residual(MONDAY, None) is None
    assert profile.residual(MONDAY, -1) is None, "a counter that fell is unknown"


@pytest.mark.parametrize("seed", range(5))
def test_the_usual_wave_is_in_control(seed: int) -> None:
    learnt = volumes(8, seed=seed)
    profile = weekday_profile(learnt)
    frozen = baseline(profile.residuals(learnt))
    later = profile.residuals(volumes(12, begin=MONDAY + timedelta(weeks=8), seed=seed + 100))
    signals = sum(point.condition.is_signal for point in individuals_chart(frozen, later))
    assert signals <= 3, "of 84 days"


@pytest.mark.parametrize("weekday", range(6))
def test_ten_times_the_usual_is_signalled_at_once_on_every_day(weekday: int) -> None:
    learnt = volumes(8)
    profile = weekday_profile(learnt)
    frozen = baseline(profile.residuals(learnt))
    day = MONDAY + timedelta(weeks=9, days=weekday)
    residual = profile.residual(day, WAVE[weekday] * 10)
    for chart in (individuals_chart(frozen, [residual]), ewma_chart(frozen, [0.0, 0.0, residual])):
        assert chart[-1].condition == "above"


def test_a_lasting_rise_by_a_fifth_is_signalled_by_the_weighted_mean_alone() -> None:
    learnt = volumes(8)
    profile = weekday_profile(learnt)
    frozen = baseline(profile.residuals(learnt))
    risen = [0.2] * 21
    assert not any(point.condition.is_signal for point in individuals_chart(frozen, risen))
    assert any(point.condition.is_signal for point in ewma_chart(frozen, risen))


@pytest.mark.parametrize("missing", range(7))
def test_a_day_of_the_week_that_is_hardly_known_makes_no_profile(missing: int) -> None:
    learnt = volumes(3)
    learnt[MONDAY + timedelta(days=missing)] = None
    with pytest.raises(ValueError, match="expected 3 of each"):
        weekday_profile(learnt)
