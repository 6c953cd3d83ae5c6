"""Many sessions side by side: every host in the result, never more descriptors than there are, nothing left behind."""

import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.fleet.connection import Settings
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Capacity, capacity_for, open_sessions
from opspact.model.inventory.host import Host
from opspact.steps.check import Reach

pytestmark = pytest.mark.slow

SHELL = "$(ps -o ppid= -p $PPID)"
"""The session's own shell, as a command in it finds it: above the time limit above the command's shell."""

LOCAL = {"ansible_connection": "local", "ansible_become": False}


def local(count: int) -> list[Host]:
    return [Host(f"h{number}", LOCAL) for number in range(count)]


def children() -> set[str]:
    """The processes that this one has started and that still are there, zombies too."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


def test_every_named_host_is_in_the_result_in_the_order_asked_for() -> None:
    with open_sessions(local(5), settings=Settings()) as sessions:
        results = sessions.each(lambda session: session.run(f"echo {session.name}").stdout, ["h3", "h1", "h3"])
    assert list(results.items()) == [("h3", b"h3\n"), ("h1", b"h1\n")]


def test_a_lost_host_is_a_result_and_stays_lost_while_the_others_go_on() -> None:
    def work(session: Session) -> int:
        return session.run(f"kill -9 {SHELL}" if session.name == "h1" else "true").rc

    with open_sessions(local(3), settings=Settings()) as sessions:
        first = sessions.each(work)
        second = sessions.each(work)
        assert {"h1": first["h1"]} == sessions.lost
    assert [first["h0"], first["h2"]] == [0, 0]
    assert isinstance(first["h1"], HostLost)
    assert first["h1"].reach is Reach.BROKEN
    assert first["h1"] is second["h1"]


def test_progress_counts_every_host_in_the_callers_thread() -> None:
    reported: list[tuple[int, int, threading.Thread]] = []
    with open_sessions(local(3), settings=Settings()) as sessions:
        sessions.each(
            lambda session: session.run("true").rc,
            on_progress=lambda done, total, _host: reported.append((done, total, threading.current_thread())),
        )
    assert [(number, 3, threading.main_thread()) for number in (1, 2, 3)] == reported


def test_sessions_stay_open_between_two_rounds_of_work() -> None:
    with open_sessions(local(2), settings=Settings()) as sessions:
        pids = [sessions.each(lambda session: session.run(f"echo {SHELL}").stdout) for _ in range(2)]
    assert pids[0] == pids[1]


def test_no_process_is_left_when_all_is_done_or_when_the_work_fails() -> None:
    before = children()

    def work(session: Session) -> None:
        session.run("true")
        raise ValueError(session.name)

    with pytest.raises(ValueError, match="h"), open_sessions(local(3), settings=Settings()) as sessions:
        sessions.each(work)
    assert before == children()


def test_a_host_that_nobody_made_a_session_for_is_an_error() -> None:
    with open_sessions(local(1), settings=Settings()) as sessions, pytest.raises(KeyError, match="nobody"):
        sessions.each(lambda session: session.name, ["nobody"])


def test_nothing_is_started_when_the_inventory_is_refused() -> None:
    before = children()
    hosts = [*local(1), Host("bad", {"ansible_port": "{{ port }}"})]
    with pytest.raises(Refused, match=r"bad\.ansible_port"), open_sessions(hosts, settings=Settings()):
        pass
    assert before == children()


INTERRUPTED = """
import os
import signal
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host

def work(session):
    os.write(1, b"at work\\n")  # in one go: threads would mix their lines
    return session.run("exec sleep 600", timeout=600)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background inherits it as ignored
hosts = [Host(f"h{n}", {"ansible_connection": "local", "ansible_become": False}) for n in range(4)]
try:
    with open_sessions(hosts, settings=Settings()) as sessions:
        sessions.each(work)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_ends_every_session_at_once_and_passes_on() -> None:
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        begun = [process.stdout.readline() for _ in range(4)]
        below = {int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()}
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    assert (begun, output) == (["at work\n"] * 4, "interrupted\n")
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_room_for_a_few_hosts_is_all_of_them() -> None:
    assert Capacity(3, 3) == capacity_for(3, 64)


# Runs in a process of its own, because a hard limit can only be lowered.
CROWD = """
import resource
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 256))
hosts = [Host(f"h{n}", {"ansible_connection": "local", "ansible_become": False}) for n in range(300)]
with open_sessions(hosts, settings=Settings()) as sessions:
    for _ in range(2):
        results = sessions.each(lambda session: session.run("echo " + session.name).stdout)
        print(sum(results[host.name] == f"{host.name}\\n".encode() for host in hosts))
"""


def test_more_hosts_than_descriptors_are_all_worked_on() -> None:
    done = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("300\n300\n", "")


def test_the_soft_limit_of_open_files_is_raised_as_far_as_needed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = capacity_for(3000, 64)
    raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert raised >= min(hard, 3000 * 3) or soft == resource.RLIM_INFINITY
    assert room.total * 3 <= raised or soft == resource.RLIM_INFINITY


# A controlling process that is killed without a chance to clean up while its sessions are open.
KILLED = """
import os, signal
from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
hosts = [Host(f"h{n}", {"ansible_connection": "local", "ansible_become": False}) for n in range(4)]
with open_sessions(hosts, settings=Settings()) as sessions:
    for said in sessions.each(lambda session: session.run("echo $(ps -o ppid= -p $PPID)").stdout).values():
        print(said.decode().strip(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sessions_of_a_killed_process_go_away_by_themselves() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False)
    shells = [Path("/proc") / pid for pid in done.stdout.split()]
    until = time.monotonic() + 10
    while any(shell.exists() for shell in shells) and time.monotonic() < until:
        time.sleep(0.05)
    assert (done.returncode, len(shells), [shell for shell in shells if shell.exists()]) == (-signal.SIGKILL, 4, [])
