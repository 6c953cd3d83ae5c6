"""Signals for several processes at once."""

import signal
import subprocess
import sys
import time

from opspact.fleet import processes
from opspact.fleet.processes import ProcessSelection

SLEEPS = ("sleep", "600")
COUNTS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: print("TERM", flush=True))
print("on", flush=True)
while sys.stdin.readline():
    pass
"""


def test_a_process_that_starts_while_others_are_found_is_signalled_too() -> None:
    started = [subprocess.Popen(SLEEPS)]

    def find() -> set[int]:
        found = {process.pid for process in started if process.poll() is None}
        if len(started) == 1:
            started.append(subprocess.Popen(SLEEPS))
        return found

    processes.signal_all(ProcessSelection(find, lambda _pid: True), signal.SIGTERM)

    assert [process.wait(10) for process in started] == [-signal.SIGTERM, -signal.SIGTERM]


def test_a_child_that_appears_after_its_parent_was_signalled_is_signalled_too() -> None:
    with subprocess.Popen([sys.executable, "-c", COUNTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"on\n"
        child: list[subprocess.Popen[bytes]] = []
        rounds = iter(range(1000))

        def find() -> set[int]:
            if next(rounds) == 3:
                child.append(subprocess.Popen(SLEEPS))
            return {parent.pid, *(each.pid for each in child if each.poll() is None)}

        processes.signal_all(ProcessSelection(find, lambda _pid: True), signal.SIGTERM)

        assert [process.wait(10) for process in child] == [-signal.SIGTERM]
        parent.communicate(timeout=10)


def test_each_process_is_signalled_once() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", COUNTS], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        processes.signal_all(ProcessSelection(lambda: {process.pid}, lambda _pid: True), signal.SIGTERM)
        time.sleep(0.1)
        assert process.communicate(timeout=10)[0] == "TERM\n"


def test_what_starts_others_for_ever_is_not_waited_for() -> None:
    started: list[subprocess.Popen[bytes]] = []

    def find() -> set[int]:
        started.append(subprocess.Popen(SLEEPS))
        return {process.pid for process in started}

    processes.signal_all(ProcessSelection(find, lambda _pid: True), signal.SIGTERM)

    assert len(started) > 1
    assert {process.wait(10) for process in started} == {-signal.SIGTERM}
