"""Whether the files that came back of a copy are those that were backed up: compared with the copy's manifest.

Comes in: a folder of restored files, a manifest, how many files to compare. Goes out: how many were, which differ.
Part of the programs that restore copies.

Which files of a sample are compared is drawn by the head of the ledger: nobody knew it when the copy was made, so
nobody could see to it that just these are good. Where no head is here that is newer than the manifest, all files are.
"""

from __future__ import annotations

import calendar
import json
import os
import re
import stat
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from opspact.onhost.file_manifest import FileEntry, digest_of_stream, manifest_entries, sampled_entries

INSTANT = "%Y-%m-%dT%H:%M:%SZ"
TOGETHER = 1000  # files that wait for a processor, of a manifest that can have millions
HEAD = re.compile(r"\d+:[0-9a-f]{64}")


class Comparison(NamedTuple):
    """What comparing gave: how many files were, and the paths of those that are missing or differ."""

    compared: int
    differing: list[str]


def head_after(path: str, made: str) -> str:
    """Given the file that names the ledger's head (`SEQUENCE:HASH`), return that if it is newer than a manifest.

    `made`: when the manifest was (UTC). Empty: it is not, or there is none.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        head, at = str(found["head"]), instant(str(found["at"]))
        return head if HEAD.fullmatch(head) and at > instant(made) else ""
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def instant(text: str) -> int:
    """Given `2026-11-23T07:30:00Z`, return seconds since the epoch. Raise ValueError."""
    return calendar.timegm(time.strptime(text, INSTANT))


def compare_files(folder: Path, manifest: Path, *, seed: str, sample: int) -> Comparison:
    """Compare what is in a folder with a manifest: as many files as the sample has, or all (0, or without a seed).

    Raise OSError, and ValueError when it is no manifest.
    """
    is_sample = bool(seed and sample)
    entries: Iterable[FileEntry] = sampled_entries(manifest, seed, sample) if is_sample else manifest_entries(manifest)
    root, compared = os.path.realpath(folder), 0
    differing: list[str] = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:  # digests are computed without Python's lock
        rest = iter(entries)
        while part := list(islice(rest, TOGETHER)):
            differing += filter(None, pool.map(lambda entry: difference_below(root, entry), part))
            compared += len(part)
    return Comparison(compared, differing)


def difference_below(root: str, entry: FileEntry) -> str:
    """Return the path of an entry that is missing below a folder, or differs; empty: it is as it was."""
    return "" if digest_below(root, entry.path) == entry.digest else entry.path


def digest_below(root: str, path: str) -> str:
    """Return the SHA-256 of a regular file below a folder; empty where there is none. Links are not followed."""
    place = f"{root}/{path}"
    try:
        status = os.lstat(place)
        if not stat.S_ISREG(status.st_mode) or not is_own_path(os.path.dirname(place)):  # noqa: PTH120 - as below
            return ""
        if not status.st_mode & stat.S_IRUSR:
            Path(place).chmod(stat.S_IMODE(status.st_mode) | stat.S_IRUSR)
        with open(place, "rb") as content:  # noqa: PTH123 - there are many, of names of any bytes
            return digest_of_stream(content)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a path with a NUL
        return ""


@lru_cache(maxsize=1000)
def is_own_path(folder: str) -> bool:
    """Return whether a folder's path is its own, without links on its way or `..` in it."""
    return os.path.realpath(folder) == folder


def describe_differences(found: Comparison, shown: int) -> str:
    """Return in words which files differ."""
    more = f" and {len(found.differing) - shown} more" if len(found.differing) > shown else ""
    return f"{len(found.differing)} of {found.compared} files differ: {', '.join(found.differing[:shown])}{more}"
