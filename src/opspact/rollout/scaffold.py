"""A new contract's folder: a small contract to begin with, and files written only where nothing is in the way.

Comes in: a day, a folder. Goes out: files.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from opspact.errors import OperationFailed, Refused
from opspact.text.names import list_names

ZONE = "Asia/Shanghai"
"""The zone of the contract to begin with."""

_NAMES = {  # under their own names they would count for opspact's repository
    "editors.json": ".vscode/settings.json",
    "gitignore": ".gitignore",
}
_HARMLESS = frozenset({".git"})
_SHOWN = 3


def starter(day: date) -> dict[str, str]:
    """Given today, return the files of a small contract that begins this month and lasts a year, by their paths."""
    first = day.replace(day=1)
    last = first.replace(year=first.year + 1) - timedelta(days=1)
    monday = first - timedelta(days=first.weekday())
    days = {"@FIRST@": str(first), "@LAST@": str(last), "@MONDAY@": str(monday)}
    found = {}
    for path, text in _texts(files("opspact.rollout").joinpath("starter"), ""):
        written = text
        for mark, value in days.items():
            written = written.replace(mark, value)
        found[_NAMES.get(path, path)] = written
    return found


def _texts(folder: Traversable, below: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{below}{entry.name}"
        found += _texts(entry, f"{path}/") if entry.is_dir() else [(path, entry.read_text(encoding="utf-8"))]
    return found


def write_new(contents: Mapping[str, str], folder: Path) -> None:
    """Given files and a folder that is not there or holds nothing (but `.git`), write them there.

    Raise Refused when something is in the way, OperationFailed when it cannot be written; then nothing is left of it.
    """
    _refuse_filled(folder)
    _create({path: text.encode() for path, text in contents.items()}, folder)


def add_files(contents: Mapping[str, bytes], folder: Path) -> None:
    """Given files and a folder, write them beside whatever it holds; nothing is overwritten.

    Raise Refused when one of them is there, OperationFailed when it cannot be written; then nothing is left of it.
    """
    if there := [path for path in contents if os.path.lexists(folder / path)]:
        raise Refused(f"{list_names(there, _SHOWN)} in {folder} exists", hint="rename what is there, or use --out DIR")
    _create(contents, folder)


def _create(contents: Mapping[str, bytes], folder: Path) -> None:
    """Create files; when one cannot be, none of them is left."""
    made: list[Path] = []
    try:
        for path, data in contents.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                made.append(target)
                file.write(data)
    except OSError as error:
        for target in made:
            with suppress(OSError):
                target.unlink()
        raise OperationFailed(f"cannot write {folder}: {error.strerror}") from error


def write_over(contents: Mapping[str, str], folder: Path) -> None:
    """Given generated files and a folder, write them there, over earlier ones of the same names.

    Raise Refused when the folder is none, OperationFailed when it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is not a directory", hint="name a directory")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in contents.items():
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OperationFailed(f"cannot write {folder}: {error.strerror}") from error


def _refuse_filled(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Refused(f"{folder} is not a directory", hint="use a new directory")
    try:
        found = sorted({entry.name for entry in folder.iterdir()} - _HARMLESS) if folder.exists() else []
    except OSError as error:
        raise Refused(f"cannot read {folder}: {error.strerror}") from error
    if found:
        raise Refused(
            f"{folder} is not empty: {list_names(found, _SHOWN)}",
            hint="use a new or empty directory",
        )
