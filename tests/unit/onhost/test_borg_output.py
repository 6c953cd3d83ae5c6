"""What stands where borgmatic calls borg: it is borg, and no empty line hides what borg says after it."""

import os
import subprocess
import time

import pytest
from programs import Machine

SAYS = "printf 'Local Exception\\n\\nTraceback:\\n  \\nOSError: full\\n' >&2; echo out; exit 2"


def run(machine: Machine, *words: str, path: str = "") -> "subprocess.Popen[str]":
    environment = {**os.environ, "PATH": path or f"{machine.folder}/bin:{os.environ['PATH']}"}
    command = machine.command_line("borg_output", *words)
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_says_what_borg_says_without_empty_lines_and_ends_as_borg_does(machine: Machine) -> None:
    machine.command("borg", f'[ "$*" = "create --info a b" ] || exit 9; {SAYS}')
    out, err = (done := run(machine, "create", "--info", "a b")).communicate(timeout=30)
    assert (done.returncode, out, err) == (2, "out\n", "Local Exception\nTraceback:\nOSError: full\n")


def test_what_ends_it_ends_borg(machine: Machine) -> None:
    pid = machine.folder / "pid"
    machine.command("borg", f"echo $$ >{pid}.part; mv {pid}.part {pid}; exec sleep 60")
    done = run(machine, "create")
    deadline = time.monotonic() + 30
    while not pid.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert int(pid.read_text()) == done.pid
    done.kill()
    done.communicate(timeout=30)
    with pytest.raises(ProcessLookupError):
        os.kill(done.pid, 0)


def test_without_borg_it_says_so(machine: Machine) -> None:
    _, err = (done := run(machine, "create", path="/nowhere")).communicate(timeout=30)
    assert (done.returncode, err) == (127, "borg cannot be started: No such file or directory\n")
