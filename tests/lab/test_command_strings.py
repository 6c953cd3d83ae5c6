"""Every command string that opspact sends to hosts means the same to uutils as to GNU's coreutils.

The tests that run them on this machine pass with GNU's programs, as everywhere; here they run once more with uutils.
What they have run is compared with the sources: a new string that nothing runs fails here.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_strings import command_strings, not_run
from contracts import ROOT
from other_coreutils import OtherCoreutils

pytestmark = pytest.mark.lab

TESTS = (
    "fleet/fabric/test_connection.py",
    "fleet/fabric/test_runner.py",
    "fleet/fabric/test_transfer.py",
    "fleet/test_fence.py",
    "fleet/test_head_place.py",
    "fleet/test_lock.py",
    "fleet/test_mitogen_cleanup.py",
    "fleet/test_session.py",
    "jobs/test_run.py",
    "recovery/test_rebuild.py",
    "recovery/test_restore.py",
    "rollout/test_host_commands.py",
    "rollout/test_host_questions.py",
    "runbook/test_host_command.py",
    "steps/test_authorized_keys.py",
    "steps/test_question.py",
    "steps/test_restart.py",
    "steps/test_task_scripts.py",
    "steps/test_timer_stamps.py",
)
ELSEWHERE = {
    "fleet/secrets.py": "a hint for this machine",
    "rollout/adoption/services.py": "names of steps",
    "rollout/change_guard.py": "test_change_guard: needs sshd and a lease; run on hosts with GNU's alone",
    "rollout/login_rehearsal.py": "test_uutils: needs sshd and sudo; run on a host with GNU's and on one with uutils",
    "rollout/login_settings.py": "names of sshd's settings",
}
"""Modules whose strings are run by another test, or by nobody."""


@pytest.fixture
def uutils() -> Iterator[OtherCoreutils]:
    """Not in a folder of pytest's, which root alone can enter."""
    folder = Path(tempfile.mkdtemp(prefix="opu-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield OtherCoreutils(folder)
    finally:
        shutil.rmtree(folder)


def test_what_runs_with_gnu_coreutils_runs_with_uutils(uutils: OtherCoreutils) -> None:
    files = [str(ROOT / "tests/unit" / name) for name in TESTS]
    quietly = ["-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow and not lab"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = uutils.run([sys.executable, "-m", "pytest", *quietly, *files], environment)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

    sources = ROOT / "src/opspact"
    strings = [each for each in command_strings(sources, uutils.names) if each.place.partition(":")[0] not in ELSEWHERE]
    assert len(strings) > 40
    assert not_run(strings, uutils.calls()) == []
