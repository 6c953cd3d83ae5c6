"""What earlier runs of an inspection saw, read from its spool.

Comes in: the spool's folder. Goes out: earlier results of an item. Part of the program `inspection`.
"""

from __future__ import annotations

import calendar
import contextlib
import json
import time
from pathlib import Path
from typing import NamedTuple

from opspact.onhost.check import Result
from opspact.onhost.spool import kept_results

HISTORY = 14 * 86400  # seconds of earlier results that a forecast looks back on
POINTS = 60  # earlier results that are read at most
BACK = 10  # results that are searched for the last one which says something of an item


class EarlierRun(NamedTuple):
    """What one earlier run saw: when it began (seconds), and its items."""

    at: float
    items: list[Result]

    def of(self, item: str, subject: str) -> Result:
        """Return what was seen of an item; nothing if it was not looked at."""
        return next((seen for seen in self.items if (seen.get("item"), seen.get("subject")) == (item, subject)), {})


class History:
    """The results still in the spool; each is read once at most, and only if an item asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, EarlierRun | None] = {}

    def of(self, item: str, subject: str) -> list[tuple[float, Result]]:
        """Return when (seconds) an item was seen in the last days, and what was seen, oldest first.

        Of many results, some are chosen evenly.
        """
        since = time.time() - HISTORY
        recent = [file for file in self._files() if _written(file) >= since]
        last = len(recent) - 1
        chosen = recent if last < POINTS else [recent[round(last * part / (POINTS - 1))] for part in range(POINTS)]
        found = [seen for seen in map(self._seen, chosen) if seen and seen.at >= since]
        found.sort(key=lambda seen: seen.at)
        return [(seen.at, result) for seen in found for result in [seen.of(item, subject)] if result]

    def last(self, item: str, subject: str, fact: str) -> Result:
        """Return what was seen of an item when it last had such a fact; nothing if that was many runs ago, or never."""
        for file in reversed(self._files()[-BACK:]):
            seen = self._seen(file)
            result = seen.of(item, subject) if seen else {}
            if fact in result:
                return result
        return {}

    def _files(self) -> list[Path]:
        return [self.folder / kept.file for kept in kept_results(self.folder)]

    def _seen(self, file: Path) -> EarlierRun | None:
        if file not in self._read:
            self._read[file] = _seen_in(file)
        return self._read[file]


def _seen_in(file: Path) -> EarlierRun | None:
    """Return what is in a result; None if it cannot be read, as others may have put it there."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        result = json.loads(file.read_text(encoding="utf-8"))
        at = float(calendar.timegm(time.strptime(result["started"], "%Y-%m-%dT%H:%M:%SZ")))
        return EarlierRun(at, [item for item in result["items"] if isinstance(item, dict)])
    return None


def _written(file: Path) -> float:
    with contextlib.suppress(OSError):
        return file.stat().st_mtime
    return 0.0
