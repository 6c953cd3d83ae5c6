"""Copies as they are in a repository: which one is meant, and whether what came back of it is what was backed up.

Comes in: what borg lists, the record of a copy, what was restored. Goes out: the copy, differences. A part of programs.
"""

from __future__ import annotations

import calendar
import math
import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from opspact.onhost.copy_record import decode_record

STAMPED = "????????T??????Z"
DIFFERENCES_SHOWN = 3


def seconds(text: str) -> float:
    """Given borg's time (UTC, `2026-11-23T19:14:03.000000`), return seconds since the epoch."""
    return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))


def list_copies(policy: str) -> tuple[str, ...]:
    """Return the arguments with which borg lists the proven copies of a policy, with the record of each."""
    return ("list", "--json", "--format", "{comment}", "--glob-archives", f"{policy}-{STAMPED}")


def start_time(archive: dict[str, Any]) -> float | None:
    """Given an archive as borg lists it, return when its backup was begun, as its name says; None: it does not.

    That is what hosts report of copies. borg's own time is later: borgmatic does other things first.
    """
    found = re.search(r"-(\d{8}T\d{6}Z)$", archive["name"])
    try:
        return float(calendar.timegm(time.strptime(found[1], "%Y%m%dT%H%M%SZ"))) if found else None
    except ValueError:
        return None


def choose_copy(
    listed: Iterable[dict[str, Any]], suspects: Collection[str], until: float = math.inf
) -> dict[str, Any] | None:
    """Given archives as borg lists them, return the newest that is not suspect and was begun by `until`; None: none is.

    That is its name, its id, when it was `started` (seconds since the epoch) and its `record`.
    """
    trusted = [(at, each) for each in listed if each["name"] not in suspects and (at := start_time(each)) is not None]
    at, entry = max((one for one in trusted if one[0] <= until), key=lambda one: one[0], default=(0.0, None))
    if entry is None:
        return None
    return {
        "name": entry["name"],
        "id": entry["id"],
        "started": at,
        "record": decode_record(entry.get("comment") or ""),
    }


def regular_files(folder: Path, enter: Callable[[Path], object] = Path.lstat) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the regular files below a folder with their status; `enter` is called with each folder. Raise OSError."""
    enter(folder)
    for place, folders, names in os.walk(folder, onerror=stop_walk):
        for name in folders:
            enter(Path(place, name))
        for name in names:
            path = Path(place, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path, status


def stop_walk(error: OSError) -> None:
    """Have nothing left out silently."""
    raise error


def row_differences(rows: dict[str, int], wanted: dict[str, int] | None) -> str:
    """Given the rows of each table, and those that were dumped, return how they differ; empty: not, or nobody knows."""
    if wanted is None:
        return ""
    differ = [table for table in sorted({*rows, *wanted}) if wanted.get(table) != rows.get(table)]
    shown = [f"{table} has {rows.get(table, 'no')} rows, had {wanted.get(table, 'no')}" for table in differ]
    more = f" and {len(shown) - DIFFERENCES_SHOWN} more" if len(shown) > DIFFERENCES_SHOWN else ""
    return f"{', '.join(shown[:DIFFERENCES_SHOWN])}{more}"
