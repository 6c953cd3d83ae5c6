"""Which level of a result counts: limits with hysteresis, and what its trend leads to.

Comes in: results by their limits, what earlier runs saw. Goes out: the results that count. Part of the program
`inspection`.
"""

from __future__ import annotations

import time

from opspact.onhost.check import WORST_LAST, Result
from opspact.onhost.history import History

LEVELS = ("ok", "warning", "critical")
TRENDS = {
    "disk": ("used_bytes", "free_bytes"),
    "inodes": ("used_inodes", "free_inodes"),
    "postgresql_size": ("value", "free_bytes"),
    "mariadb_size": ("value", "free_bytes"),
}
"""Items whose trend can be asked for: the fact that grows, and the room that is left for it."""
FALL = 0.05  # of the range of all values: what falls by more begins a new line
ENOUGH = 3  # points of a line
LONG_ENOUGH = 3600  # seconds from its first to its last


def hold_level(result: Result, history: History) -> Result:
    """Given a result by its limits, return it with the level that counts.

    A level counts once its limit was reached in `after` runs one after the other, and is left when the value has
    fallen to `recovers`. A run that could not look at the item changes nothing.
    """
    limits, value = result["limits"], result["value"]
    if result["verdict"] not in LEVELS or ("recovers" not in limits and limits.get("after", 1) == 1):
        return result
    before = history.last(result["item"], result["subject"], "level")
    held = before["level"] if before.get("level") in LEVELS else "ok"
    counted = before["runs"] if isinstance(before.get("runs"), dict) else {}
    seen = result["verdict"]
    runs = {level: counted.get(level, 0) + 1 if _rank(seen) >= _rank(level) else 0 for level in LEVELS[1:]}
    reached = max((level for level in runs if runs[level] >= limits.get("after", 1)), key=_rank, default="ok")
    level, words = max(held, reached, key=_rank), ""
    if _rank(seen) < _rank(held):
        level = reached if value <= limits.get("recovers", value) else held
    if _rank(level) > _rank(seen):
        words = f" It stays at {level} until it is {limits['recovers']:g} {result['unit']} or less."
    elif _rank(level) < _rank(seen):
        words = f" It is {seen} after {limits['after']} such runs; this is number {runs[seen]}."
    return {**result, "verdict": level, "level": level, "runs": runs, "message": result["message"] + words}


def _rank(level: str) -> int:
    return LEVELS.index(level)


def predict(result: Result, history: History) -> Result:
    """Given a result, return it with the hours until nothing is left of its room, where `full_within` asks for them."""
    used, free = TRENDS.get(result["item"], ("", ""))
    within = result["limits"].get("full_within")
    if within is None or free not in result:
        return result
    earlier = [
        (at, float(seen[used]))
        for at, seen in history.of(result["item"], result["subject"])
        if isinstance(seen.get(used), (int, float))
    ]
    line = latest_line([*earlier, (time.time(), float(result[used]))])
    if len(line) < ENOUGH or line[-1][0] - line[0][0] < LONG_ENOUGH:
        return {**result, "full_in_hours": None, "message": f"{result['message']} There is no trend yet."}
    hours = hours_until_full(line, result[free])
    if hours is not None and hours * 3600 <= within:
        message = f"{result['message']} At the current rate it is full in about {hours:.0f} h."
        worst = max(result["verdict"], "warning", key=WORST_LAST.index)
        result = {**result, "verdict": worst, "message": message}
    return {**result, "full_in_hours": hours and round(hours, 1)}


def latest_line(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Given (seconds, value) in order, return those since the last fall: a purge or a rotation begins a new line."""
    values = [value for _, value in points]
    fall = FALL * (max(values) - min(values))
    begins = [index for index in range(1, len(points)) if values[index - 1] - values[index] > fall]
    return points[begins[-1] :] if begins else points


def hours_until_full(line: list[tuple[float, float]], free: float) -> float | None:
    """Given (seconds, value) and the room that is left, return the hours until it is used up, by least squares.

    None if the value does not grow.
    """
    mean_time = sum(at for at, _ in line) / len(line)
    mean_value = sum(value for _, value in line) / len(line)
    spread = sum((at - mean_time) ** 2 for at, _ in line)
    slope = sum((at - mean_time) * (value - mean_value) for at, value in line) / spread
    return free / slope / 3600 if slope > 0 else None
