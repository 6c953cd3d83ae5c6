"""What git keeps apart during a push is read where it belongs to the folder's repository, and nowhere else."""

import os
import subprocess
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.workspace import commits


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "li@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=os.environ | who, capture_output=True, text=True, check=True).stdout.strip()


def test_what_is_pushed_into_another_repository_is_not_taken_for_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        git(folder, "init", "-q", "--bare")
    commit = git(other, "commit-tree", "-m", "pushed", git(other, "hash-object", "-w", "-t", "tree", "/dev/null"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / "objects"))
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(other / "objects/incoming"))
    with pytest.raises(Refused, match="unknown git revision"):
        commits.commit_of(own, commit)
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(own / "objects/incoming"))
    assert commits.commit_of(own, commit) == commit
