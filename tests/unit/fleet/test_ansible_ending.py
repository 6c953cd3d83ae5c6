"""However a run ends, nothing of it is left: no process, no folder."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opspact.fleet import processes
from opspact.fleet.ansible import HostState, RunEvent, RunSettings, RunStatus, run_project

pytestmark = pytest.mark.slow

Written = Callable[..., Path]
Start = Callable[[str], "subprocess.Popen[str]"]
both = pytest.mark.parametrize("strategy", ["mitogen", "plain"])

SLOW = {"name": "Take long", "ansible.builtin.command": "sleep 300"}
QUICK = {"name": "Be quick", "ansible.builtin.command": "true"}

PROGRAM = """
import json, sys
from pathlib import Path
from opspact.fleet.ansible import RunSettings, run_project
project, base, strategy = sys.argv[1:]
outcome = run_project(Path(project), ["one", "two"], settings=RunSettings(strategy=strategy, base=Path(base)),
                      on_event=lambda event: print(event.task, flush=True))
print(json.dumps([outcome.status, outcome.signal, [host.state for host in outcome.hosts.values()]]), flush=True)
"""


@pytest.fixture
def started(written: Written, base: Path, watched: Any) -> Iterator[Start]:
    """Start opspact's part in a process of its own, and return when its slow task runs."""
    begun = []

    def start(strategy: str) -> "subprocess.Popen[str]":
        project = written(SLOW)
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(project), str(base), strategy], stdout=subprocess.PIPE, text=True
        )
        begun.append(process)
        deadline = time.monotonic() + 20
        while "sleep 300" not in watched.processes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    assert watched.gone_within(15)


@both
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_in_order_and_the_outcome_says_canceled(
    started: Start, watched: Any, *, strategy: str, number: signal.Signals
) -> None:
    process = started(strategy)
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert json.loads(output.splitlines()[-1]) == ["canceled", number, ["missing", "missing"]]
    assert (watched.processes(), watched.folders()) == ([], [])


def test_a_second_signal_ends_the_run_at_once(started: Start, watched: Any) -> None:
    process = started("plain")
    for pid in processes.descendants(worker_of(process.pid)):
        os.kill(pid, signal.SIGSTOP)  # nothing can end in order
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert json.loads(output.splitlines()[-1]) == ["canceled", signal.SIGINT, ["missing", "missing"]]
    assert time.monotonic() - begun < 4
    assert (watched.processes(), watched.folders()) == ([], [])


@both
def test_a_kill_of_opspact_leaves_nothing_behind(started: Start, watched: Any, strategy: str) -> None:
    process = started(strategy)
    process.kill()
    process.communicate()
    assert watched.gone_within(15)


@both
def test_a_kill_of_the_worker_is_a_broken_run_that_leaves_nothing_behind(
    started: Start, watched: Any, strategy: str
) -> None:
    process = started(strategy)
    os.kill(worker_of(process.pid), signal.SIGKILL)
    output, _ = process.communicate(timeout=20)
    assert json.loads(output.splitlines()[-1]) == ["broken", 0, ["missing", "missing"]]
    assert (watched.processes(), watched.folders()) == ([], [])


@both
def test_what_a_kill_of_opspact_and_its_worker_at_once_leaves_is_removed_by_the_next_run(
    started: Start, watched: Any, *, strategy: str, base: Path, tmp_path: Path
) -> None:
    process = started(strategy)
    worker = worker_of(process.pid)
    for pid in (process.pid, worker):
        os.kill(pid, signal.SIGSTOP)
    for pid in (worker, process.pid):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    (folder,) = watched.folders()
    assert let_go_within(base / folder, 20)
    (tmp_path / "project" / "site.yml").write_text(json.dumps([{"name": "Quick", "hosts": "all", "tasks": [QUICK]}]))
    outcome = run_project(tmp_path / "project", ["one"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.successful
    assert (watched.processes(), watched.folders()) == ([], [])


def let_go_within(folder: Path, seconds: float) -> bool:
    """Whether nobody holds a run's folder within that time.

    A killed process is a zombie as soon as its first thread is; what it had open stays so until the last one is.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with (folder / "lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return True
    return False


def worker_of(pid: int) -> int:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes()
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"opspact.fleet.ansible_worker" in text and parent == pid:
            return int(entry.name)
    pytest.fail("no worker runs")


@both
def test_a_run_that_takes_too_long_is_ended(written: Written, watched: Any, *, base: Path, strategy: Any) -> None:
    settings = RunSettings(strategy=strategy, base=base, timeout=3)
    outcome = run_project(written(SLOW), ["one", "two"], settings=settings)
    assert outcome.status is RunStatus.TIMEOUT
    assert [host.state for host in outcome.hosts.values()] == [HostState.MISSING, HostState.MISSING]
    assert (watched.processes(), watched.folders()) == ([], [])


def test_a_run_in_another_thread_is_ended_by_asking(written: Written, watched: Any, base: Path) -> None:
    begun = threading.Event()
    outcomes = []

    def work() -> None:
        settings = RunSettings(strategy="plain", base=base, canceled=begun.is_set)
        outcomes.append(run_project(written(SLOW), ["one"], settings=settings, on_event=heard))

    def heard(_event: RunEvent) -> None:
        begun.set()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert [outcome.status for outcome in outcomes] == [RunStatus.CANCELED]
    assert (watched.processes(), watched.folders()) == ([], [])


def test_a_process_that_a_task_left_running_apart_is_ended_too(written: Written, watched: Any, base: Path) -> None:
    leaving = {"name": "Leave one", "ansible.builtin.shell": "setsid nohup sleep 300 >/dev/null 2>&1 </dev/null &"}
    outcome = run_project(written(leaving), ["one"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.successful
    assert (watched.processes(), watched.folders()) == ([], [])


def test_an_error_while_progress_is_told_ends_the_run_too(written: Written, watched: Any, base: Path) -> None:
    def broken(_event: RunEvent) -> None:
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="the terminal is gone"):
        run_project(written(SLOW), ["one"], settings=RunSettings(strategy="plain", base=base), on_event=broken)
    assert (watched.processes(), watched.folders()) == ([], [])


def test_two_runs_at_once_do_not_disturb_each_other(written: Written, watched: Any, base: Path) -> None:
    project = written({"name": "Take a second", "ansible.builtin.command": "sleep 1"})
    outcomes = []

    def work() -> None:
        outcomes.append(run_project(project, ["one"], settings=RunSettings(strategy="plain", base=base)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.successful for outcome in outcomes] == [True, True]
    assert (watched.processes(), watched.folders()) == ([], [])
