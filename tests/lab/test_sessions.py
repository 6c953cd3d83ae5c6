"""Sessions with real hosts: what goes wrong is said as what it is, the others go on, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from labkit import Lab
from reaching import HASTY, reached

from opspact.fleet.connection import Settings
from opspact.fleet.failures import HostLost, WriteFailed
from opspact.fleet.framing import Completed
from opspact.fleet.lock import holder
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.values.secret import Secret

pytestmark = pytest.mark.lab

SHELLS = "pgrep -a -x sh | grep -v pgrep; pgrep -a -f 'sshd: [a-z]+@notty'"
"""Lists what a session leaves on a host while it lives: its shell, and sshd's process for it."""


@pytest.fixture(scope="module", autouse=True)
def _nothing_of_others_runs(lab: Lab) -> None:
    """Those tests look at every shell of a host: what units of another file still run there is none of theirs."""
    lab.up().reset("app1", "db1")


def who(session: Session) -> str:
    return session.run("id -un; hostname").stdout.decode()


def ask(*hosts: Host, settings: Settings = HASTY) -> dict[str, str | HostLost]:
    with open_sessions(hosts, settings=settings) as sessions:
        return sessions.each(who)


def lost(answer: object) -> HostLost:
    assert isinstance(answer, HostLost)
    return answer


def waited_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


def children() -> set[str]:
    return {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}


def test_every_host_is_root_by_one_connection_of_its_own(healthy_lab: Lab) -> None:
    before = children()
    names = ("app1", "app2", "db1", "backup1")
    answers = ask(*(reached(healthy_lab, name) for name in names))
    assert {name: f"root\n{name}\n" for name in names} == answers
    assert before == children()


def test_without_become_the_login_itself_is_used(healthy_lab: Lab) -> None:
    answers = ask(reached(healthy_lab, "app1", user="nosudo", ansible_become=False))
    assert answers == {"app1": "nosudo\napp1\n"}


def test_the_users_ssh_configuration_and_jump_hosts_hold_even_for_many_at_once(
    healthy_lab: Lab, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        f"{healthy_lab.ssh_config.read_text()}\nHost app1\n  ProxyCommand ssh -F {tmp_path}/inner -W %h:%p app2\n"
    )
    (tmp_path / "inner").write_text(healthy_lab.ssh_config.read_text())
    hosts = [
        Host(f"n{number}", {"ansible_host": "app1", "ansible_ssh_common_args": f"-F {config}"}) for number in range(24)
    ]
    # Who is hasty is not let in on a busy machine: 48 logins compute their keys at once, half of them on one host.
    answers = ask(*hosts, settings=Settings())
    assert {host.name: "root\napp1\n" for host in hosts} == answers


def test_a_host_that_is_down_or_cut_off_does_not_stop_the_others(healthy_lab: Lab) -> None:
    healthy_lab.stop("app2")
    healthy_lab.cut("db1")
    answers = ask(*(reached(healthy_lab, name) for name in ("app1", "app2", "db1", "backup1")))
    assert [answers["app1"], answers["backup1"]] == ["root\napp1\n", "root\nbackup1\n"]
    assert [lost(answers[name]).reach for name in ("app2", "db1")] == [Reach.DOWN, Reach.DOWN]
    assert lost(answers["db1"]).detail.startswith("unreachable: ssh: connect to host")


def test_a_host_cut_off_in_the_middle_of_a_command_is_noticed_by_its_silence(healthy_lab: Lab) -> None:
    def work(session: Session) -> str:
        session.run("true")
        if session.name == "db1":
            healthy_lab.cut("db1")
        return who(session)

    with open_sessions([reached(healthy_lab, name) for name in ("db1", "app1")], settings=HASTY) as sessions:
        begun = time.monotonic()
        answers = sessions.each(work)
        assert time.monotonic() - begun < 15
    assert (lost(answers["db1"]).reach, answers["app1"]) == (Reach.CUT_OFF, "root\napp1\n")
    assert "not responding" in lost(answers["db1"]).detail


def test_a_host_that_dies_in_the_middle_is_cut_off(healthy_lab: Lab) -> None:
    def work(session: Session) -> str:
        session.run("true")
        healthy_lab.kill(session.name)
        return who(session)

    with open_sessions([reached(healthy_lab, "db1")], settings=HASTY) as sessions:
        assert Reach.CUT_OFF is lost(sessions.each(work)["db1"]).reach


def test_a_wrong_or_unknown_host_key_is_never_accepted(healthy_lab: Lab, tmp_path: Path) -> None:
    right = dict(line.split(" ", 1) for line in healthy_lab.known_hosts.read_text().splitlines())
    keys = {entry.split(",")[-1]: key for entry, key in right.items()} | {
        name: key for entry, key in right.items() for name in entry.split(",")
    }
    swapped, empty = tmp_path / "swapped", tmp_path / "empty"
    swapped.write_text(f"{healthy_lab.address('app1')} {keys[healthy_lab.address('app2')]}\n")
    empty.write_text("")
    hosts = [
        replace(reached(healthy_lab, "app1", arguments=f"-o UserKnownHostsFile={file}"), name=file.name)
        for file in (swapped, empty)
    ]
    answers = ask(*hosts)
    expected = [Reach.WRONG_HOST_KEY, Reach.UNKNOWN_HOST_KEY]
    assert [lost(answers[name]).reach for name in ("swapped", "empty")] == expected
    assert "Host key verification failed" in lost(answers["swapped"]).detail
    assert f"`ssh-keyscan {healthy_lab.address('app1')} | ssh-keygen -lf -`" in lost(answers["empty"]).detail
    assert not empty.read_text()


def test_a_jump_host_that_fails_is_named_and_not_the_host_behind_it(healthy_lab: Lab, tmp_path: Path) -> None:
    healthy_lab.stop("app2")
    config, strangers = tmp_path / "config", tmp_path / "strangers"
    strangers.write_text("")
    lab = healthy_lab.ssh_config.read_text()
    unknown = f"Host unknown\n  HostName {healthy_lab.address('backup1')}\n  UserKnownHostsFile {strangers}\n"
    config.write_text(f"{unknown}Host denied\n  HostName {healthy_lab.address('db1')}\n  User nobody-there\n{lab}")
    hosts = [
        Host(jump, {"ansible_host": "app1", "ansible_ssh_common_args": f"-F {config} -J {jump}"})
        for jump in ("app2", "unknown", "denied")
    ]
    answers = {name: lost(answer) for name, answer in ask(*hosts).items()}
    assert {name: (it.reach, it.detail.split(": ")[:2]) for name, it in answers.items()} == {
        "app2": (Reach.NO_JUMP_HOST, ["jump host app2", "unreachable"]),
        "unknown": (Reach.NO_JUMP_HOST, ["jump host unknown", "host key is not in known_hosts"]),
        "denied": (Reach.NO_JUMP_HOST, ["jump host denied", "login refused"]),
    }


def test_sudo_that_wants_a_terminal_is_not_taken_for_one_that_wants_a_password(healthy_lab: Lab) -> None:
    healthy_lab.root("app1", "echo 'Defaults:ops requiretty' >/etc/sudoers.d/zz-tty")
    try:
        answer = lost(ask(reached(healthy_lab, "app1"))["app1"])
    finally:
        healthy_lab.root("app1", "rm /etc/sudoers.d/zz-tty")
    assert (answer.reach, "requiretty" in answer.detail, "password" in answer.detail) == (
        Reach.NO_PRIVILEGE,
        True,
        False,
    )


def test_a_refused_login_and_missing_rights_are_told_apart(healthy_lab: Lab) -> None:
    denied = replace(reached(healthy_lab, "app1", user="nobody-there"), name="denied")
    powerless = replace(reached(healthy_lab, "app1", user="nosudo"), name="powerless")
    answers = ask(denied, powerless)
    assert Reach.ACCESS_DENIED is lost(answers["denied"]).reach
    assert Reach.NO_PRIVILEGE is lost(answers["powerless"]).reach
    assert "cannot become root: sudo:" in lost(answers["powerless"]).detail


def test_an_account_without_a_shell_is_no_usable_shell(healthy_lab: Lab) -> None:
    healthy_lab.root("app1", "usermod -s /usr/sbin/nologin nosudo")
    try:
        answer = lost(ask(reached(healthy_lab, "app1", user="nosudo"))["app1"])
    finally:
        healthy_lab.root("app1", "usermod -s /bin/bash nosudo")
    assert Reach.BROKEN is answer.reach


def test_a_login_shell_that_talks_is_not_taken_for_an_answer(healthy_lab: Lab) -> None:
    healthy_lab.root(
        "app1", "mv /home/ops/.bashrc /root/bashrc; printf 'echo hello\\necho hello >&2\\n' >/home/ops/.bashrc"
    )
    try:
        with open_sessions([reached(healthy_lab, "app1")], settings=HASTY) as sessions:
            answer = sessions.each(lambda session: session.run("echo in; echo err >&2"))["app1"]
    finally:
        healthy_lab.root("app1", "rm /home/ops/.bashrc; mv /root/bashrc /home/ops/.bashrc")
    assert not isinstance(answer, HostLost)
    assert (answer.stdout, answer.stderr) == (b"in\n", b"err\n")


def test_sudo_that_asks_gets_its_password_by_standard_input_alone(healthy_lab: Lab) -> None:
    password = "correct-horse-battery"
    made = healthy_lab.root(
        "app1",
        "useradd -m -s /bin/bash asks && echo 'asks ALL=(ALL) ALL' >/etc/sudoers.d/asks && "
        f"echo asks:{password} | chpasswd && cp -r /home/ops/.ssh /home/asks/ && chown -R asks: /home/asks/.ssh",
    )
    assert (made.rc, made.err) == (0, "")
    host = reached(healthy_lab, "app1", user="asks")
    try:
        with open_sessions([host], settings=replace(HASTY, become_password=Secret(password))) as sessions:
            seen = sessions.each(
                lambda session: who(session) + session.run("cat /proc/*/cmdline /proc/*/environ").stdout.decode()
            )
        with open_sessions([host], settings=replace(HASTY, become_password=Secret("wrong"))) as sessions:
            refused = lost(sessions.each(who)["app1"])
    finally:
        healthy_lab.root("app1", "rm -f /etc/sudoers.d/asks; userdel -r asks")
    assert isinstance(seen["app1"], str)
    assert (seen["app1"].startswith("root\napp1\n"), password in seen["app1"]) == (True, False)
    assert Reach.NO_PRIVILEGE is refused.reach


def test_a_full_disk_keeps_the_old_file_and_does_not_disturb_looking(healthy_lab: Lab) -> None:
    healthy_lab.root("app1", "echo old >/srv/kept; echo old >/tmp/kept")
    for folder in ("/srv", "/tmp"):
        healthy_lab.fill("app1", folder)

    def work(session: Session) -> tuple[str, bytes | None, bytes, str]:
        with pytest.raises(WriteFailed) as error:
            session.write("/srv/kept", b"new" * 400_000)
        listing = session.run("ls -A /srv | grep opspact; ls -A /tmp | grep opspact").stdout
        return str(error.value), session.read("/srv/kept"), listing, who(session)

    with open_sessions([reached(healthy_lab, "app1")], settings=HASTY) as sessions:
        answer = sessions.each(work)["app1"]
    healthy_lab.unfill("app1")
    assert not isinstance(answer, HostLost)
    assert "No space left on device" in answer[0]
    assert answer[1:] == (b"old\n", b"", "root\napp1\n")


def test_a_file_goes_over_and_back_byte_for_byte(healthy_lab: Lab) -> None:
    data = os.urandom(3_000_000)

    def work(session: Session) -> tuple[bool, bytes]:
        session.write("/srv/blob", data, "0600")
        return session.read("/srv/blob") == data, session.run("stat -c '%U %G %a' /srv/blob; rm /srv/blob").stdout

    with open_sessions([reached(healthy_lab, "app1")], settings=HASTY) as sessions:
        assert sessions.each(work) == {"app1": (True, b"root root 600\n")}


def test_the_lock_is_one_sessions_alone_and_names_its_holder(healthy_lab: Lab) -> None:
    host = reached(healthy_lab, "app1")
    me = holder(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    with open_sessions([host], settings=HASTY) as first, open_sessions([host], settings=HASTY) as second:
        assert first.each(lambda session: session.lock(me)) == {"app1": None}
        refused = lost(second.each(lambda session: session.lock("someone else"))["app1"])
        assert (Reach.BUSY, f"locked by {me}") == (refused.reach, refused.detail)
        assert second.each(who) == {"app1": "root\napp1\n"}
        first.each(lambda session: session.unlock())
        assert second.each(lambda session: session.lock("someone else")) == {"app1": None}
    with open_sessions([host], settings=HASTY) as third:
        assert third.each(lambda session: session.lock("third")) == {"app1": None}


def test_a_holder_that_is_asked_for_a_sign_of_life_goes_on_undisturbed(healthy_lab: Lab) -> None:
    host = reached(healthy_lab, "app1")
    with open_sessions([host], settings=HASTY) as first, open_sessions([host], settings=HASTY) as second:
        first.each(lambda session: session.lock("first"))
        for _ in range(2):
            assert lost(second.each(lambda session: session.lock("second"))["app1"]).reach is Reach.BUSY
        assert first.each(lambda session: session.run("echo out; echo err >&2")) == {
            "app1": Completed(0, b"out\n", b"err\n")
        }


def test_the_lock_of_a_controller_that_vanished_without_a_goodbye_is_freed(healthy_lab: Lab) -> None:
    host = reached(healthy_lab, "app1")

    def vanish(session: Session) -> None:
        session.lock("the one that vanishes")
        time.sleep(0.5)  # nothing is on its way any more, so the host has no reason to send and to notice
        healthy_lab.cut("app1")
        session.run("true")

    with open_sessions([host], settings=HASTY) as first:
        assert lost(first.each(vanish)["app1"]).reach is Reach.CUT_OFF
    # What a crash of the controlling machine does: its side of the connection is forgotten, and nobody is told.
    subprocess.run(["ss", "-K", "dst", healthy_lab.address("app1")], check=True, capture_output=True)
    healthy_lab.heal("app1")
    assert healthy_lab.root("app1", "flock -n /run/opspact.lock true").rc == 1
    with open_sessions([host], settings=HASTY) as second:
        assert second.each(lambda session: session.lock("the next one")) == {"app1": None}


CONTROLLER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background inherits it as ignored
from reaching import HASTY, reached
from labkit import Lab
from opspact.fleet.sessions import open_sessions
lab = Lab(sys.argv[1])
with open_sessions([reached(lab, name) for name in ("app1", "db1")], settings=HASTY) as sessions:
    sessions.each(lambda session: session.lock("the one that is killed"))
    print("locked", flush=True)
    sessions.each(lambda session: session.run("sleep 3"))
    time.sleep(60)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_controller_that_is_killed_leaves_no_ssh_no_shell_and_no_lock(
    healthy_lab: Lab, ending: signal.Signals
) -> None:
    assert not [name for name in ("app1", "db1") if healthy_lab.root(name, SHELLS).out]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    controller = subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, healthy_lab.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert controller.stdout is not None
    with controller.stdout:
        assert controller.stdout.readline() == "locked\n"
        clients = Path(f"/proc/{controller.pid}/task/{controller.pid}/children").parent.parent.glob("*/children")
        pids = {pid for file in clients for pid in file.read_text().split()}
        sessions_shown = [healthy_lab.root(name, SHELLS).out for name in ("app1", "db1")]
        controller.send_signal(ending)
        controller.wait(30)
    assert all(sessions_shown)
    assert len(pids) == 2
    assert waited_for(lambda: not any(Path("/proc", pid).exists() for pid in pids))
    assert waited_for(lambda: not any(healthy_lab.root(name, SHELLS).out for name in ("app1", "db1")))
    with open_sessions([reached(healthy_lab, "app1")], settings=HASTY) as sessions:
        assert sessions.each(lambda session: session.lock("the next one")) == {"app1": None}


def test_a_command_that_never_comes_back_leaves_nothing_on_the_host_and_no_lock(healthy_lab: Lab) -> None:
    host = reached(healthy_lab, "app1")
    healthy_lab.root("app1", "mkfifo /tmp/pipe")

    def hang(session: Session) -> None:
        session.lock("the one that hangs")
        session.run("cat /tmp/pipe", timeout=1)

    with open_sessions([host], settings=HASTY) as first:
        assert lost(first.each(hang)["app1"]).reach is Reach.CUT_OFF
    assert waited_for(lambda: not healthy_lab.root("app1", f"{SHELLS}; pgrep -a -x cat").out)
    healthy_lab.root("app1", "rm /tmp/pipe")
    with open_sessions([host], settings=HASTY) as second:
        assert second.each(lambda session: session.lock("the next one")) == {"app1": None}


def test_a_lock_kept_by_a_shell_that_nobody_hears_any_more_is_freed(healthy_lab: Lab) -> None:
    host = reached(healthy_lab, "app1")

    with open_sessions([host], settings=HASTY) as first:
        first.each(lambda session: session.lock("the one that hangs"))
        stuck = healthy_lab.root("app1", "sed -n 2p /run/opspact.lock").out.strip()
        sudo = healthy_lab.root("app1", f"ps -o ppid= -p {stuck}").out.strip()
        healthy_lab.root("app1", f"kill -STOP {stuck}")
    assert healthy_lab.root("app1", "flock -n /run/opspact.lock true").rc == 1
    with open_sessions([host], settings=HASTY) as second:
        assert second.each(lambda session: session.lock("the next one")) == {"app1": None}
    healthy_lab.root("app1", f"kill -CONT {sudo}")  # it stops itself when its shell is stopped
    assert waited_for(lambda: not healthy_lab.root("app1", SHELLS).out)
