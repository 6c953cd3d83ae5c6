"""A lock whose holder is gone, and one whose holder is there, on this machine."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opspact.fleet.lock import BUSY, RELEASE_STALE_LOCK
from opspact.model.names import HOST_LOCK


@contextmanager
def holder(lock: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a shell that holds the lock as a session's does; yield it."""
    script = f"exec 9>>{lock}; flock -n 9 && printf '%s\\n' somebody $$ word >{lock}; echo; while :; do sleep 0.1; done"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shell:
        try:
            assert shell.stdout is not None
            shell.stdout.readline()
            yield shell
        finally:
            shell.kill()


def asked(lock: Path) -> tuple[int, str]:
    script = RELEASE_STALE_LOCK.replace(HOST_LOCK, str(lock))
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout


def test_who_is_there_keeps_it_and_hears_a_word(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as shell:
        assert asked(tmp_path / "lock") == (BUSY, "somebody\n")
        assert shell.poll() is None
        assert shell.stderr is not None
        assert shell.stderr.read(4) == b"word"


@pytest.mark.parametrize("waiting", [True, False])
def test_who_is_gone_loses_it(tmp_path: Path, waiting: bool) -> None:
    """The pipe that nobody reads any more is one to sshd, which is gone."""
    with holder(tmp_path / "lock") as shell:
        assert shell.stderr is not None
        shell.stderr.close()
        if not waiting:
            shell.kill()
            shell.wait()
        assert asked(tmp_path / "lock") == (0 if waiting else BUSY, "somebody\n")
