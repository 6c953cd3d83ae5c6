"""What earlier runs of an inspection saw, read from its spool, and what follows from it.

Comes in: the spool's folder. Goes out: earlier results of an item, forecasts. Part of the program `inspection`.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import time
from pathlib import Path

from opspact.onhost.check import Result
from opspact.onhost.spool import kept_results

HISTORY = 14 * 86400  # seconds of earlier results that a forecast looks back on
POINTS = 60  # earlier results that are read at most


class History:
    """The results still in the spool; they are read once, and only if an item asks for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: list[tuple[float, list[Result]]] | None = None

    def of(self, item: str, subject: str) -> list[tuple[float, Result]]:
        """Return when (seconds) an item was seen before, and what was seen, oldest first."""
        if self._read is None:
            self._read = sorted(self._results(), key=lambda result: result[0])
        return [
            (at, seen)
            for at, items in self._read
            for seen in items
            if (seen.get("item"), seen.get("subject")) == (item, subject)
        ]

    def _results(self) -> list[tuple[float, list[Result]]]:
        """Read the results of the last days, evenly chosen if there are many; what cannot be read is left out."""
        since, found = time.time() - HISTORY, []
        files = [self.folder / kept.file for kept in kept_results(self.folder)]
        recent = [file for file in files if _written(file) >= since]
        last = len(recent) - 1
        chosen = recent if last < POINTS else [recent[round(last * part / (POINTS - 1))] for part in range(POINTS)]
        for file in chosen:
            with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
                result = json.loads(file.read_text(encoding="utf-8"))
                at = float(calendar.timegm(time.strptime(result["started"], "%Y-%m-%dT%H:%M:%SZ")))
                items = [item for item in result["items"] if isinstance(item, dict)]
                found += [(at, items)] if at >= since else []
        return found


def _written(file: Path) -> float:
    with contextlib.suppress(OSError):
        return file.stat().st_mtime
    return 0.0


def hours_until_full(used: float, free: float, history: list[tuple[float, float]]) -> float | None:
    """Given used and free bytes and earlier (seconds, used bytes), return the hours until full, by least squares.

    None when the disk is not filling, or with fewer than three points or less than an hour to judge by.
    """
    points = [*history, (time.time(), used)]
    if len(points) < 3 or points[-1][0] - points[0][0] < 3600:  # noqa: PLR2004 - see the docstring
        return None
    mean_time = sum(at for at, _ in points) / len(points)
    mean_used = sum(size for _, size in points) / len(points)
    spread = sum((at - mean_time) ** 2 for at, _ in points)
    slope = sum((at - mean_time) * (size - mean_used) for at, size in points) / spread
    return free / slope / 3600 if slope > 0 else None
