"""A compiled project on disk: written beside its place and moved there in one go, or not at all.

Comes in: a project and a folder. Goes out: files.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from opspact.compile.project import Project
from opspact.errors import OperationFailed, Refused
from opspact.model.names import COMPILED_LIST
from opspact.text.names import list_names


def write_whole(made: Project, folder: Path) -> None:
    """Given a project and a folder that is not there, empty, or of an earlier compile, make it hold this project.

    Raise Refused when the folder holds something else, OperationFailed when it cannot be written; then nothing changed.
    """
    folder = folder.absolute()
    _refuse_strange(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside, ExitStack() as undo:
            new, old = Path(beside, "new"), Path(beside, "old")
            new.mkdir()
            write(made, new)
            (new / COMPILED_LIST).write_text(json.dumps(sorted(made.files), indent=0) + "\n", encoding="utf-8")
            if folder.exists():
                shutil.copymode(folder, new)
                folder.rename(old)
                undo.callback(_put_back, old, folder)
            new.rename(folder)
            undo.pop_all()
    except OSError as error:
        raise OperationFailed(f"cannot write {folder}: {error.strerror}; nothing was changed") from error


def _put_back(old: Path, folder: Path) -> None:
    with suppress(OSError):
        old.rename(folder)


def _refuse_strange(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise Refused(f"{folder} is not a directory", hint="use a directory that does not exist yet")
    strange = sorted(_files(folder) - _listed(folder))
    if strange:
        shown = list_names(strange, 3)
        raise Refused(f"{folder} contains files not written by compile: {shown}", hint="use an empty directory")


def _files(folder: Path) -> set[str]:
    found = set()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]  # Ansible's, from its lookup plugin
        links = [name for name in folders if Path(parent, name).is_symlink()]
        found |= {Path(parent, name).relative_to(folder).as_posix() for name in [*names, *links]}
    return found


def _listed(folder: Path) -> set[str]:
    try:
        listed = json.loads((folder / COMPILED_LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    names: Mapping[str, None] = dict.fromkeys(str(name) for name in listed) if isinstance(listed, list) else {}
    return {COMPILED_LIST, *names}


def write(made: Project, folder: Path) -> None:
    """Given a project and an empty folder, write its files there."""
    for path, data in made.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
