"""A lock whose holder is gone, and one whose holder is there, on this machine."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from locking import locked

from opspact.fleet.lock import BUSY, RELEASE_STALE_LOCK, holder, job_link
from opspact.model.names import HOST_LOCK


def asked(lock: Path) -> tuple[int, str]:
    script = RELEASE_STALE_LOCK.replace(HOST_LOCK, str(lock))
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout


def test_who_is_there_keeps_it_and_hears_a_word(tmp_path: Path) -> None:
    with locked(tmp_path / "lock") as shell:
        assert asked(tmp_path / "lock") == (BUSY, "somebody\n")
        assert shell.poll() is None
        assert shell.stderr is not None
        assert shell.stderr.read(4) == b"word"


@pytest.mark.parametrize("waiting", [True, False])
def test_who_is_gone_loses_it(tmp_path: Path, waiting: bool) -> None:
    """The pipe that nobody reads any more is one to sshd, which is gone."""
    with locked(tmp_path / "lock") as shell:
        assert shell.stderr is not None
        shell.stderr.close()
        if not waiting:
            shell.kill()
            shell.wait()
        assert asked(tmp_path / "lock") == (0 if waiting else BUSY, "somebody\n")


GITHUB = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(
    ("environment", "link"),
    [
        ({}, ""),
        ({"CI_JOB_URL": "https://gitlab.example/a/b/-/jobs/42"}, "https://gitlab.example/a/b/-/jobs/42"),
        (GITHUB, "https://github.example/a/b/actions/runs/7"),
        (GITHUB | {"GITEA_ACTIONS": "true"}, ""),
        ({"CI_JOB_URL": "https://token:secret@gitlab.example/jobs/42"}, ""),
        ({"CI_JOB_URL": "https://gitlab.example/jobs/42\nroot on desk"}, ""),
        ({"CI_JOB_URL": f"https://gitlab.example/{'x' * 300}"}, ""),
    ],
)
def test_a_holder_names_the_job_of_its_pipeline(environment: dict[str, str], link: str) -> None:
    assert job_link(environment) == link


def test_a_holder_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example/jobs/42")
    line = holder(datetime(2026, 3, 2, 8, 0, tzinfo=UTC), "apply-1")
    assert line.endswith(", run apply-1, since 2026-03-02T08:00:00Z, https://gitlab.example/jobs/42")
