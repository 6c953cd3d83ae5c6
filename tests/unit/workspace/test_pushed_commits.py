"""What others push is not taken for something else: objects in quarantine, tags named like branches, a ledger."""

import os
import subprocess
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.schema.contract_files import read_tree
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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/all.yaml").write_text("")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "first")):
        git(tmp_path, *words)
    return tmp_path


@pytest.mark.parametrize("name", ["main", "main^{commit}", "main~0"])
def test_a_tag_is_not_taken_for_the_branch_of_its_name(repository: Path, name: str) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    git(repository, "config", "core.warnAmbiguousRefs", "false")
    git(repository, "tag", "main", "HEAD~1")
    with pytest.raises(Refused, match='several references "main') as refused:
        commits.commit_of(repository, name)
    assert "refs/heads/" in refused.value.hint
    assert commits.commit_of(repository, "refs/heads/main") == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_commit_that_would_replace_the_ledger_is_refused(repository: Path, kind: str) -> None:
    state = repository / ".opspact"
    match kind:
        case "file":
            state.write_text("")
        case "folder":
            state.mkdir()
            (state / "ledger.sqlite3").write_text("another")
        case _:
            state.symlink_to("elsewhere")
    assert commits.head(repository, read_tree(repository))  # it is not in git
    git(repository, "add", "--force", ".opspact")
    git(repository, "commit", "-qm", "second")
    with pytest.raises(Refused, match="would replace the ledger"):
        commits.head(repository, read_tree(repository))
    with pytest.raises(Refused, match="would replace the ledger"):
        commits.refuse_state(repository, "HEAD^{tree}")
    commits.refuse_state(repository, "HEAD~1")
