"""Control charts of recorded volumes: each value, the limits, how it stands to them; and the rules and constants.

Comes in: histories of volumes. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence
from math import exp
from zoneinfo import ZoneInfo

from opspact.evidence.recorded_volumes import RecordedVolume, VolumeHistory
from opspact.model.result import Verdict
from opspact.quality.control_charts import (
    D2,
    EWMA_WEIGHT,
    SIGMAS,
    Baseline,
    Condition,
    Point,
    ewma_limits,
    individuals_limits,
)
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.open_findings import VERDICT_MEANINGS
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset

_WIDTH = 33
_EDGE = 8
"""Columns of the drawing, and how many of them are beyond each limit."""
_RULES = {
    "individuals": f"each value within mean ± {SIGMAS:g} sigma; sigma = mean moving range / {D2}",
    "ewma": f"weighted mean, weight {EWMA_WEIGHT:g}, within mean ± {SIGMAS:g} sigma of it",
}
"""What each chart calls a signal, with its constants (NIST/SEMATECH e-Handbook, 6.3.2.2 and 6.3.2.4)."""


def chart_points(history: VolumeHistory) -> dict[str, tuple[Point, ...]]:
    """Given a history, return the points of its charts; none while its limits are not known."""
    if history.mean is None or history.sigma is None:
        return dict.fromkeys(_RULES, ())
    frozen = Baseline(history.mean, history.sigma * D2, 0)
    return {
        "individuals": tuple(_point(each.residual, frozen) for each in history.volumes),
        "ewma": tuple(_point(each.ewma, frozen, number=each.number) for each in history.volumes),
    }


def _point(value: float | None, frozen: Baseline, *, number: int | None = None) -> Point:
    limits = individuals_limits(frozen) if number is None else ewma_limits(frozen, max(1, number))
    return Point(value, limits, limits.condition(value))


def has_signal(history: VolumeHistory) -> bool:
    """Whether the newest volume is a signal on one of the charts."""
    return any(points[-1].condition.is_signal for points in chart_points(history).values() if points)


def chart_lines(histories: Sequence[VolumeHistory], zone: ZoneInfo) -> Iterator[Line]:
    """Given histories and the zone for people, yield a chart for each: a line for each value."""
    for history in histories:
        yield line((f"{history.host}  ", "title"), f"{history.subject}  ", (history.job, "quiet"), hang=4)
        if history.mean is None or history.sigma is None:
            yield line(f"baseline {history.baseline}: no limits yet", indent=2)
        else:
            sigma = f"; sigma {history.sigma:.3f}, a factor of {exp(history.sigma):.2f}"
            yield line(f"baseline {history.baseline}, limits frozen{sigma}", indent=2)
        charts = chart_points(history)
        for index, volume in enumerate(history.volumes):
            points = {name: found[index] for name, found in charts.items() if found}
            yield _value_line(volume, points, zone, unit=history.unit)
        yield line()
    for name, rule in _RULES.items():
        yield line((f"{name}: {rule}", "quiet"), hang=4)
    yield line(("x: times the usual volume of that time of the week; the charts are drawn of its logarithm", "quiet"))


def _value_line(volume: RecordedVolume, points: dict[str, Point], zone: ZoneInfo, *, unit: str) -> Line:
    at = format_minute_with_offset(volume.at, zone)
    value = "unknown" if volume.value is None else f"{volume.value:,.0f} {unit}"
    if volume.residual is None:
        reason = f"  {volume.message}" if volume.verdict is not Verdict.OK else ""
        return line(f"{at}  {value:>16}  ", (str(volume.verdict), VERDICT_MEANINGS[volume.verdict]), reason, indent=2)
    said = [f"{name} {point.condition}" for name, point in points.items() if point.condition.is_signal]
    meaning = VERDICT_MEANINGS[volume.verdict]
    drawing = _drawing(points["individuals"]) if points else ""
    return line(
        f"{at}  {value:>16}  {exp(volume.residual):>6.1f} x  {drawing}  ",
        (", ".join(said) or "in control", meaning if said else ""),
        indent=2,
    )


def _drawing(point: Point) -> str:
    """Return a point between its limits: `|` these, `:` the center, `*` the value; `<` and `>` far outside."""
    lower, upper = _EDGE, _WIDTH - 1 - _EDGE
    columns = [" "] * _WIDTH
    columns[lower] = columns[upper] = "|"
    columns[_WIDTH // 2] = ":"
    if point.plotted is not None:
        share = (point.plotted - point.limits.lower) / (point.limits.upper - point.limits.lower)
        place = lower + round(share * (upper - lower))
        columns[min(max(place, 0), _WIDTH - 1)] = "<" if place < 0 else ">" if place >= _WIDTH else "*"
    return "".join(columns)


def charts_json(histories: Sequence[VolumeHistory]) -> str:
    """Given histories, return one JSON object: a chart of each kind for each, with its rule, limits and points."""
    charts = [
        {
            "chart": name,
            "job": history.job,
            "host": history.host,
            "subject": history.subject,
            "unit": history.unit,
            "baseline": history.baseline,
            "rule": _RULES[name],
            "constants": {"sigmas": SIGMAS, "d2": D2, **({"weight": EWMA_WEIGHT} if name == "ewma" else {})},
            "mean": history.mean,
            "sigma": history.sigma,
            "points": [
                _point_data(volume, points[index] if points else None) for index, volume in enumerate(history.volumes)
            ],
        }
        for history in histories
        for name, points in chart_points(history).items()
    ]
    return document("qc-chart", {"charts": charts})


def _point_data(volume: RecordedVolume, point: Point | None) -> dict[str, object]:
    return {
        "at": format_instant_in_utc(volume.at),
        "value": volume.value,
        "usual": volume.usual,
        "plotted": point.plotted if point else None,
        "lower": point.limits.lower if point else None,
        "center": point.limits.center if point else None,
        "upper": point.limits.upper if point else None,
        "condition": str(point.condition if point else Condition.UNKNOWN),
        "verdict": str(volume.verdict),
        "message": volume.message,
    }
