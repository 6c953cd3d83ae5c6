"""Processes that hold locks, as another opspact would, and what happens while somebody waits for them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest


@contextmanager
def locked(lock: Path, who: str = "somebody") -> Iterator["subprocess.Popen[bytes]"]:
    """Start a shell that holds a host's lock, as a session's does; yield it once it has it."""
    script = f"exec 9>>{lock}; flock -n 9 && printf '%s\\n' '{who}' $$ word >{lock}; echo; sleep 600 9>&- & wait"
    pipe = subprocess.PIPE
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=pipe, stderr=pipe, start_new_session=True) as shell:
        try:
            assert shell.stdout is not None
            shell.stdout.readline()
            yield shell
        finally:
            end(shell)


def end(shell: "subprocess.Popen[bytes]") -> None:
    """End a shell that holds a lock, unless that is done."""
    if shell.poll() is None:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


def at_first_pause(monkeypatch: pytest.MonkeyPatch, *work: Callable[[], object]) -> None:
    """Do something when opspact waits for locks for the first time, instead of the pause."""
    left = list(work)

    def sleep(seconds: float) -> None:
        if not left:
            time.sleep(seconds)
        while left:
            left.pop(0)()

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr("opspact.rollout.wait_for_locks.time", clock)
