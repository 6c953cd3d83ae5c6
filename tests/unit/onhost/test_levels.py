"""Which level of a result counts after the runs before it, and what its trend leads to."""

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from opspact.onhost.check import Result, judge, result_of
from opspact.onhost.history import BACK, History
from opspact.onhost.levels import hold_level, hours_until_full, latest_line, predict


class Runs:
    """A spool that results are added to, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def keep(self, *items: Result, ago: float = 0.0) -> None:
        self.count += 1
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
        text = json.dumps({"started": started, "items": items})
        (self.folder / f"{self.count:010d}-0123456789ab.json").write_text(text)

    def see(self, value: float | None, limits: dict[str, Any]) -> str:
        """Return the verdict of the next run, which sees this value (None: it could not look)."""
        seen = result_of("disk", "unknown", "?")
        if value is not None:
            seen = judge("disk", f"{value:g} %.", value=value, unit="%", limits=limits)
        counts = hold_level({**seen, "subject": "/"}, History(self.folder))
        self.keep(counts)
        verdict: str = counts["verdict"]
        return verdict


LIMITS = {"warn": 80, "critical": 90}
LETTERS = {"ok": "o", "warning": "w", "critical": "c", "unknown": "u"}


@pytest.mark.parametrize(
    ("more", "values", "levels"),
    [
        ({}, [79, 80, 79, 90, 85, 79], "owocwo"),
        ({"recovers": 75}, [79, 81, 79, 76, 75, 79], "owwwoo"),
        ({"recovers": 75}, [95, 85, 79, 74], "ccco"),  # a level is left at one value, and not step by step
        ({"recovers": 75}, [85, 95, 76, 75, 80], "wccow"),
        ({"recovers": 75}, [85, None, 79, 75], "wuwo"),  # a run that could not look changes nothing
        ({"after": 2}, [85, 79, 85, 85, 79], "ooowo"),
        ({"after": 3}, [95, 85, 95, 95, 95], "oowwc"),  # three were above 80 before three were above 90
        ({"after": 2}, [95, 85, 95, 95], "owwc"),
        ({"after": 2}, [85, None, 85], "ouw"),
        ({"after": 2, "recovers": 70}, [85, 85, 75, 95, 95, 71, 70], "owwwcco"),
        ({"after": 1}, [85, 79], "wo"),
    ],
)
def test_a_level_is_reached_and_left_as_the_policy_says(
    tmp_path: Path, more: dict[str, float], values: list[float | None], *, levels: str
) -> None:
    runs = Runs(tmp_path)
    assert "".join(LETTERS[runs.see(value, {**LIMITS, **more})] for value in values) == levels


def test_a_level_that_holds_says_until_when_and_one_that_does_not_count_yet_says_from_when(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    limits = {**LIMITS, "recovers": 75, "after": 2}
    history = History(tmp_path)
    first = hold_level({**judge("disk", "85 %.", value=85, unit="%", limits=limits), "subject": "/"}, history)
    assert first["message"] == "85 %. It is warning after 2 such runs; this is number 1."
    runs.keep(first)
    runs.see(85, limits)
    held = hold_level({**judge("disk", "79 %.", value=79, unit="%", limits=limits), "subject": "/"}, History(tmp_path))
    assert (held["verdict"], held["message"]) == ("warning", "79 %. It stays at warning until it is 75 % or less.")


def test_results_that_others_wrote_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "0000000001-0123456789ab.json").write_text("{broken")
    (tmp_path / "0000000002-0123456789ab.json").write_text('{"started": "2026-01-01T00:00:00Z", "items": [1, null]}')
    runs = Runs(tmp_path)
    runs.count = 2
    runs.keep({"item": "disk", "subject": "/", "level": "huge", "runs": "many"})
    assert runs.see(85, {**LIMITS, "after": 2}) == "ok"


def test_a_level_is_found_again_behind_runs_that_could_not_look_but_not_for_ever(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    limits = {**LIMITS, "recovers": 75}
    assert runs.see(85, limits) == "warning"
    for _ in range(BACK - 1):
        runs.see(None, limits)
    assert runs.see(79, limits) == "warning"
    for _ in range(BACK):
        runs.see(None, limits)
    assert runs.see(79, limits) == "ok"


def test_a_history_is_read_evenly_and_from_the_last_two_weeks(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for hour in range(400, 0, -1):
        runs.keep({"item": "disk", "subject": "/", "value": hour}, ago=hour * 3600)
    found = History(tmp_path).of("disk", "/")
    assert len(found) in range(45, 61)
    values = [seen["value"] for _, seen in found]
    assert (values[0] <= 336, values[-1]) == (True, 1)
    steps = {before - after for before, after in pairwise(values)}
    assert steps <= {6, 7}


def test_a_purge_begins_a_new_line() -> None:
    hours = [0.0, 3600.0, 7200.0, 10800.0, 14400.0, 18000.0]
    line = list(zip(hours, [10.0, 50.0, 90.0, 20.0, 30.0, 40.0], strict=True))
    assert latest_line(line) == line[3:]
    assert hours_until_full(latest_line(line), 40.0) == 4.0
    noise = list(zip(hours, [10.0, 50.0, 49.5, 60.0, 70.0, 80.0], strict=True))
    assert latest_line(noise) == noise


@pytest.mark.parametrize(
    ("line", "hours"), [([(0, 30.0), (3600, 25.0), (7200, 20.0)], None), ([(0, 0.0), (3600, 10.0), (7200, 20.0)], 8.0)]
)
def test_the_hours_until_full_follow_the_least_squares_line(
    line: list[tuple[float, float]], hours: float | None
) -> None:
    found = hours_until_full(line, 80.0)
    assert (found if found is None else round(found, 2)) == hours


TRENDS = {
    "disk": {"used_bytes": 1000, "free_bytes": 1000},
    "inodes": {"used_inodes": 1000, "free_inodes": 1000},
    "postgresql_size": {"value": 1000, "free_bytes": 1000},
}


@pytest.mark.parametrize("item", TRENDS)
@pytest.mark.parametrize(("within", "verdict"), [(11 * 3600, "warning"), (9 * 3600, "ok"), (None, "ok")])
def test_what_fills_within_the_asked_time_is_a_warning(
    tmp_path: Path, item: str, within: float | None, *, verdict: str
) -> None:
    runs, used = Runs(tmp_path), next(iter(TRENDS[item]))
    for hour in (4, 3, 2, 1):
        runs.keep({"item": item, "subject": "x", used: 1000 - 100 * hour}, ago=hour * 3600)
    limits = {} if within is None else {"full_within": within}
    result = {**result_of(item, "ok", "Some.", value=50, unit="%", **limits), **TRENDS[item], "subject": "x"}
    seen = predict(result, History(tmp_path))
    assert (seen["verdict"], seen.get("full_in_hours")) == (verdict, None if within is None else 10.0)
    assert ("full in about 10 h" in seen["message"]) is (verdict == "warning")


def test_without_enough_points_there_is_no_trend_yet(tmp_path: Path) -> None:
    result = {**result_of("disk", "ok", "Some.", full_within=3600), **TRENDS["disk"], "subject": "x"}
    runs = Runs(tmp_path)
    for ago in (1200, 600):
        runs.keep({"item": "disk", "subject": "x", "used_bytes": 1000 - ago}, ago=ago)
    seen = predict(result, History(tmp_path))
    assert (seen["verdict"], seen["message"]) == ("ok", "Some. There is no trend yet.")
