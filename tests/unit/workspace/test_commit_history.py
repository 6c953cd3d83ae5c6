"""How the commit to apply stands to the one on a host: asked of real repositories."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opspact.plan.commit_order import AppliedCommit, CommitHistory, CommitOrder, order_reason
from opspact.workspace.commit_history import commit_history

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Repository:
    """A repository whose commits are a day apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = NOW - timedelta(days=30)
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = {f"GIT_{role}_{what}": "tester" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        when = {f"GIT_{role}_DATE": self.at.isoformat() for role in ("AUTHOR", "COMMITTER")}
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, env={**os.environ, **who, **when}, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self) -> str:
        self.at += timedelta(days=1)
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def history(self, commit: str) -> CommitHistory:
        return commit_history(self.folder, commit, NOW)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "contract")


def test_what_is_on_a_host_comes_before_or_after_it(repository: Repository) -> None:
    first, second = repository.commit(), repository.commit()
    before, after = repository.history(first), repository.history(second)
    assert after.head == AppliedCommit(second, "2026-10-26T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z")
    assert after.order(before.head) is CommitOrder.CONTINUES
    assert after.order(after.head) is CommitOrder.CONTINUES
    assert after.order(AppliedCommit(f"{second}+dirty")) is CommitOrder.CONTINUES
    assert after.order(AppliedCommit()) is CommitOrder.CONTINUES
    assert before.order(after.head) is CommitOrder.OLDER
    assert repository.history(f"{first}+dirty").order(after.head) is CommitOrder.OLDER


def test_a_branch_is_another_history(repository: Repository) -> None:
    first, second = repository.commit(), repository.commit()
    repository.git("checkout", "--quiet", "-b", "other", first)
    other = repository.commit()
    assert repository.history(other).order(AppliedCommit(second)) is CommitOrder.DIVERGED


def test_what_another_clone_made_later_is_newer_though_it_was_not_fetched(
    repository: Repository, tmp_path: Path
) -> None:
    first = repository.commit()
    subprocess.run(["git", "clone", "--quiet", str(repository.folder), str(tmp_path / "clone")], check=True)
    later = repository.history(repository.commit())
    here = commit_history(tmp_path / "clone", first, NOW)
    assert here.order(later.head) is CommitOrder.OLDER
    unrelated = AppliedCommit("ab" * 20, "2026-01-01T00:00:00.000000Z")
    assert here.order(unrelated) is CommitOrder.UNKNOWN


def test_outside_git_nothing_is_compared(tmp_path: Path) -> None:
    history = commit_history(tmp_path, "", NOW)
    assert (history.head.is_known, history.order(AppliedCommit("ab" * 20))) == (False, CommitOrder.CONTINUES)


def test_a_shallow_clone_does_not_tell(repository: Repository, tmp_path: Path) -> None:
    first, second, third = repository.commit(), repository.commit(), repository.commit()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.folder}", str(clone))
    here = commit_history(clone, third, NOW)
    for commit in (first, second):
        assert here.order(repository.history(commit).head) is CommitOrder.SHALLOW
    later = AppliedCommit("ab" * 20, made="2026-11-23T12:00:00.000000Z")
    assert here.order(later) is CommitOrder.OLDER
    full = tmp_path / "full"
    repository.git("clone", "--quiet", str(repository.folder), str(full))
    assert commit_history(full, third, NOW).order(repository.history(first).head) is CommitOrder.CONTINUES


@pytest.mark.parametrize("order", CommitOrder)
def test_each_names_both_commits_and_the_day(order: CommitOrder) -> None:
    words = order_reason(order, AppliedCommit("ab" * 20, applied="2026-11-23T12:00:00.000000Z"), "cd" * 20)
    assert bool(words) is (order is not CommitOrder.CONTINUES)
    assert not words or ("abababababab" in words and "2026-11-23" in words)
    assert ("--allow-older" in words) is (order is CommitOrder.OLDER)
