"""`ci/at`: programs on another day share nothing, so one that was killed leaves nothing for those that come later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from contracts import later

pytestmark = pytest.mark.lab

KILLED = "import os, signal; print(os.getpid(), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
TAKES_ITS_OWN = """\
import datetime, multiprocessing
multiprocessing.Semaphore(1).acquire()
print(datetime.date.today())
"""


def on_day(number: int, program: str) -> tuple[int, str]:
    """Return the exit code of a Python program, and what it said."""
    day = os.environ | later(number)
    assert "FAKETIME_SHARED" not in day
    said = subprocess.run([sys.executable, "-c", program], env=day, capture_output=True, text=True, check=False)
    return said.returncode, said.stdout.strip() or said.stderr


def test_a_program_that_is_killed_on_another_day_leaves_no_semaphore_behind() -> None:
    code, number = on_day(2, KILLED)
    assert (code, list(Path("/dev/shm").glob(f"*faketime*_{number}"))) == (-9, [])


def test_semaphores_of_programs_themselves_work_on_another_day() -> None:
    (code, today), (code_then, then) = on_day(0, TAKES_ITS_OWN), on_day(400, TAKES_ITS_OWN)
    assert (code, code_then, today < then) == (0, 0, True), (today, then)
