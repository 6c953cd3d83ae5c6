"""The earlier build that checking is compared with: taken out of git, or said to be missing."""

import subprocess
from math import isnan
from pathlib import Path

import pytest
from benchkit import baseline
from benchkit.table import Figure, Row, markdown, missing
from benchkit.timing import BenchError


def repository(folder: Path, text: str) -> str:
    """Make a repository with a package of our name in it, and return the commit."""
    package = folder / "src" / "opspact"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_build_comes_out_of_git_with_its_modules_compiled(tmp_path: Path) -> None:
    commit = repository(tmp_path / "repository", "BUILD = 1\n")

    found = baseline.sources(tmp_path / "taken", tmp_path / "repository", commit)

    assert found is not None
    assert (found / "opspact" / "__init__.py").read_text() == "BUILD = 1\n"
    assert list((found / "opspact" / "__pycache__").glob("__init__.*.pyc"))


def test_a_commit_that_git_does_not_have_is_no_error_yet(tmp_path: Path) -> None:
    repository(tmp_path / "repository", "")

    assert baseline.sources(tmp_path / "taken", tmp_path / "repository", "0" * 40) is None


def test_a_folder_without_the_package_is_not_measured_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="was to run"):
        baseline.check(tmp_path, tmp_path)


def test_a_row_says_why_nothing_was_measured_and_is_not_reached() -> None:
    row = Row("check", Figure("ours", 0.5, 9), missing("the same, 5ada7cf", "git does not have it"), 0.55, at_most=True)

    assert isnan(row.ratio)
    assert not row.is_reached
    assert (
        markdown([row]).splitlines()[-1]
        == "| check | ours | 0.50 s (×9) | the same, 5ada7cf (git does not have it) | – | – | ≤ 0.55 | **no** |"
    )
