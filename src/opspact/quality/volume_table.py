"""A table of volumes by day, as a CSV file holds it, against the limits that one part of it freezes.

Comes in: the text of a file, a column, a baseline. Goes out: a history of volumes, as hosts record them.
"""

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite

from opspact.errors import NothingFound, Refused
from opspact.evidence.recorded_volumes import RecordedVolume, VolumeHistory
from opspact.model.result import Verdict
from opspact.quality.control_charts import D2, Baseline, baseline, ewma_chart, individuals_chart
from opspact.quality.weekday_profile import LEAST_SIGMA, WeekdayProfile, weekday_profile
from opspact.structs import replace
from opspact.values.period import Period

_COLUMNS = 2
_MOST = timedelta(days=4000)
"""How long after its baseline a table is read: limits of ten years ago say nothing."""


def history_of_table(text: str, period: Period, *, column: str | None = None) -> VolumeHistory:
    """Given the text of a CSV file with a line of names, days in its first column, return its volumes after a baseline.

    `column`: the one that holds the volumes; None: the second. An empty value is unknown, as is a day without a line.
    Raise Refused for what is no such table or too short a baseline, NothingFound when nothing follows the baseline.
    """
    name, volumes = _volumes(text, column)
    learnt = {day: volumes.get(day) for day in period.days()}
    try:
        profile = weekday_profile(learnt)
        found = baseline(profile.residuals(learnt))
    except ValueError as error:
        raise Refused(f"--baseline: {error}", hint="four weeks at least") from error
    frozen = replace(found, mean_range=max(found.mean_range, LEAST_SIGMA * D2))
    last = min(max(volumes), period.last + _MOST)
    later = {day: volumes.get(day) for day in Period(period.last + timedelta(days=1), last).days()}
    if not later:
        raise NothingFound(f"the table ends on {last} and has no day after the baseline")
    return VolumeHistory(
        job="",
        host="",
        subject=name,
        unit="",
        baseline=str(period),
        mean=frozen.mean,
        sigma=frozen.sigma,
        volumes=tuple(_charted(later, profile, frozen)),
    )


def _charted(later: Mapping[date, float | None], profile: WeekdayProfile, frozen: Baseline) -> list[RecordedVolume]:
    days = sorted(later)
    residuals = profile.residuals(later)
    single, weighted = individuals_chart(frozen, residuals), ewma_chart(frozen, residuals)
    found, number = [], 0
    for index, day in enumerate(days):
        number += residuals[index] is not None
        signals = [point for point in (single[index], weighted[index]) if point.condition.is_signal]
        verdict = Verdict.UNKNOWN if residuals[index] is None else Verdict.WARNING if signals else Verdict.OK
        found.append(
            RecordedVolume(
                at=datetime.combine(day, time(), UTC),
                verdict=verdict,
                message="",
                value=later[day],
                usual=profile.usual[day.weekday()],
                residual=residuals[index],
                ewma=weighted[index].plotted,
                number=number,
            )
        )
    return found


def _volumes(text: str, column: str | None) -> tuple[str, dict[date, float | None]]:
    """Return the name of the column and its values by day. Raise Refused."""
    head, *rows = list(csv.reader(text.splitlines())) or [[]]
    if len(head) < _COLUMNS or not rows:
        raise Refused("the table needs a line of names, days in its first column and volumes in another")
    if column is not None and column not in head[1:]:
        raise Refused(f'--column: the table has no "{column}"', hint=f"it has {', '.join(head[1:])}")
    place = 1 if column is None else head.index(column, 1)
    found: dict[date, float | None] = {}
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        try:
            day, value = date.fromisoformat(row[0].strip()), row[place].strip()
            volume = float(value) if value else None
        except (ValueError, IndexError) as error:
            raise Refused(f"line {number} of the table: expected a day and a number, got {','.join(row)}") from error
        if day in found:
            raise Refused(f"line {number} of the table: {day} is there twice")
        if volume is not None and (volume < 0 or not isfinite(volume)):
            raise Refused(f"line {number} of the table: a volume is 0 or more, got {row[place]}")
        found[day] = volume
    return head[place], found
