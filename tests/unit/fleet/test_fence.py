"""The fence on a host, tried on this machine: tokens, what carries an older mark, and what comes too late."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opspact.fleet import fence
from opspact.fleet.connection import Connection, Settings
from opspact.fleet.failures import HostLost, ReadFailed, WriteFailed
from opspact.fleet.fence import Hold, host_interpreter, newest_token, run_interpreter, take
from opspact.fleet.guard import FENCED
from opspact.fleet.session import Session
from opspact.model import names
from opspact.steps.check import Reach

HERE = Connection("here", (), become=False)
Make = Callable[[], Session]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fence is: this machine is the host of many tests at once."""
    monkeypatch.setattr(names, "FENCE", str(tmp_path / "fence"))
    monkeypatch.setattr(names, "FENCED_PYTHON", str(tmp_path / "state/python-"))
    monkeypatch.setattr(fence, "PATIENCE", 1)
    return tmp_path / "fence"


@pytest.fixture
def sessions(folder: Path) -> Iterator[Make]:  # noqa: ARG001 - every session needs it
    made: list[Session] = []

    def make() -> Session:
        made.append(Session(HERE, Settings()))
        return made[-1]

    yield make
    for session in made:
        session.close()


def hold(token: int, attempt: str = "") -> Hold:
    return Hold(token, attempt or f"r{token}.1", "/bin/sh")


def called(attempt: str, script: str) -> list[str]:
    """Return what a run's Ansible would call: its interpreter, which is a shell here."""
    return [run_interpreter(attempt), "-c", script]


def of_run(attempt: str, script: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(called(attempt, script), stderr=subprocess.DEVNULL)


def said_of_run(attempt: str, script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(called(attempt, script), capture_output=True, text=True, check=False, timeout=20)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    "python", ["/usr/bin/python9", "/no/python3 -X utf8", host_interpreter({"ansible_python_interpreter": "auto"}, "")]
)
def test_a_host_without_python_is_said_to_have_none_before_anything_is_done(
    sessions: Make, folder: Path, python: str
) -> None:
    with pytest.raises(WriteFailed, match=r"Python is not installed there: .*python") as failed:
        take(sessions(), Hold(1, "r1.1", python.replace("command -v python3", "command -v python9")))
    assert "ansible_python_interpreter" in failed.value.hint
    assert not folder.exists()


def test_the_newest_token_is_kept_and_a_lower_one_is_refused(sessions: Make, folder: Path) -> None:
    session = sessions()
    assert newest_token(session) == 0
    take(session, hold(4))
    assert newest_token(session) == 4
    for token in (3, 4):
        with pytest.raises(HostLost, match=r"run r4\.1") as caught:
            take(sessions(), hold(token, "late.1"))
        assert caught.value.reach is Reach.BUSY
    assert [path.name for path in folder.iterdir()] == ["token"]
    assert list(Path(names.FENCED_PYTHON).parent.iterdir()) == [Path(run_interpreter("r4.1"))]


def test_a_session_works_while_its_token_is_the_newest_and_does_nothing_after(sessions: Make, tmp_path: Path) -> None:
    first, second, kept = sessions(), sessions(), tmp_path / "kept"
    take(first, hold(1))
    first.write(str(kept), b"first")
    assert first.run(f"exit {FENCED}").rc == FENCED, "a status alone says nothing"
    take(second, hold(2))

    with pytest.raises(HostLost, match=r"run r2\.1") as caught:
        first.write(str(kept), b"late")
    assert caught.value.reach is Reach.BUSY
    assert kept.read_bytes() == b"first"
    with pytest.raises(HostLost):
        first.run("true")
    second.write(str(kept), b"second")
    assert kept.read_bytes() == b"second"


def test_a_session_may_take_its_host_again(sessions: Make) -> None:
    session = sessions()
    take(session, hold(1))
    take(session, hold(2))
    assert session.run("echo on").stdout == b"on\n"


def test_after_a_restart_of_the_host_nothing_of_an_earlier_run_gets_in(sessions: Make, folder: Path) -> None:
    session = sessions()
    take(session, hold(1))
    for file in folder.iterdir():
        file.unlink()

    assert of_run("r1.1", "true").wait(20) != 0
    with pytest.raises(HostLost):
        session.run("true")


def test_the_interpreter_becomes_the_hosts_own_with_the_mark(sessions: Make) -> None:
    take(sessions(), hold(7))
    said = said_of_run("r7.1", 'echo "$OPSPACT_FENCE"; readlink /proc/$$/exe')

    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == [f"{names.FENCE}:7", os.path.realpath("/bin/sh")]


def test_the_interpreter_of_an_earlier_run_does_nothing(sessions: Make, tmp_path: Path) -> None:
    take(sessions(), hold(1))
    wrapper = Path(run_interpreter("r1.1"))
    text = wrapper.read_text()
    take(sessions(), hold(2))
    assert not wrapper.exists()
    wrapper.write_text(text)  # one that was open already is read to its end
    wrapper.chmod(0o755)

    said = said_of_run("r1.1", f"touch {tmp_path}/late")
    assert (said.returncode, "run r2.1" in said.stderr) == (FENCED, True)
    assert not (tmp_path / "late").exists()


def test_what_still_works_for_an_earlier_run_is_waited_for(sessions: Make, tmp_path: Path) -> None:
    take(sessions(), hold(1))
    brief = of_run("r1.1", f"touch {tmp_path}/begun; sleep 0.3; touch {tmp_path}/brief")
    until((tmp_path / "begun").exists)
    take(sessions(), hold(2))
    assert (brief.wait(1), (tmp_path / "brief").exists()) == (0, True)


@pytest.mark.slow
def test_what_still_works_for_an_earlier_run_has_its_time_and_is_ended(sessions: Make, tmp_path: Path) -> None:
    take(sessions(), hold(1))
    brief = of_run("r1.1", f"sleep 0.4; touch {tmp_path}/brief")
    endless = of_run("r1.1", f"env -i sleep 600 & echo $! >{tmp_path}/child; trap '' TERM; wait; touch {tmp_path}/late")
    until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip())
    child = int((tmp_path / "child").read_text())
    assert is_alive(child)
    take(sessions(), hold(2))

    assert (brief.wait(1), (tmp_path / "brief").exists()) == (0, True)
    assert endless.wait(1) == -signal.SIGKILL
    until(lambda: not is_alive(child))
    assert not (tmp_path / "late").exists()


@pytest.mark.slow
def test_one_that_stands_still_is_ended_too(sessions: Make, tmp_path: Path) -> None:
    take(sessions(), hold(1))
    still = of_run("r1.1", f"kill -STOP $$; touch {tmp_path}/late")
    until(lambda: Path(f"/proc/{still.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    take(sessions(), hold(2))

    assert still.wait(1) == -signal.SIGKILL
    assert not (tmp_path / "late").exists()


@pytest.mark.slow
@pytest.mark.parametrize("hundredths", range(6))
def test_whoever_compares_while_the_host_is_taken_is_found_or_too_late(
    sessions: Make, tmp_path: Path, hundredths: int
) -> None:
    """Interpreters of the earlier run start all the time: none writes after the take, at whatever point it was."""
    take(sessions(), hold(1))
    file, python = tmp_path / "lines", run_interpreter("r1.1")
    once = f"{python} -c 'echo x >>{file}; sleep 0.0{hundredths}; echo x >>{file}'"
    with subprocess.Popen(["/bin/sh", "-c", f"while :; do {once}; done 2>/dev/null"], start_new_session=True) as runner:
        try:
            until(file.exists)
            take(sessions(), hold(2))
            size = file.stat().st_size
            time.sleep(0.3)
            assert file.stat().st_size == size
        finally:
            os.killpg(runner.pid, signal.SIGKILL)


def test_another_fences_processes_are_none_of_ours(
    sessions: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(sessions(), hold(1))
    other = of_run("r1.1", "sleep 600")
    try:
        monkeypatch.setattr(names, "FENCE", str(tmp_path / "other"))
        take(sessions(), hold(5))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_host_that_cannot_be_taken_is_an_error_and_the_session_stays(sessions: Make, folder: Path) -> None:
    folder.write_text("in the way")
    session = sessions()
    with pytest.raises(WriteFailed):
        take(session, hold(1))
    assert session.run("echo still here").stdout == b"still here\n"


@pytest.mark.parametrize("text", ["", "x r1\n", "\n"])
def test_a_file_that_holds_no_token_is_not_overwritten(sessions: Make, folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "token").write_text(text)
    with pytest.raises(ReadFailed):
        newest_token(sessions())
    with pytest.raises(WriteFailed):
        take(sessions(), hold(1))
    assert (folder / "token").read_text() == text


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, "/usr/bin/python3"),
        ({"ansible_python_interpreter": "/opt/venv/bin/python"}, "/opt/venv/bin/python"),
        ({"ansible_python_interpreter": "/usr/bin/env python3"}, "/usr/bin/env python3"),
        ({"ansible_python_interpreter": "/opt/$x;y/python"}, "'/opt/$x;y/python'"),
        ({"ansible_python_interpreter": "auto"}, '"$(command -v python3 || echo /usr/libexec/platform-python)"'),
    ],
)
def test_the_hosts_python_is_what_its_variables_say(named: dict[str, object], expected: str) -> None:
    assert host_interpreter(named, "/usr/bin/python3") == expected


@pytest.mark.parametrize("value", ["{{ python }}", 3, None])
def test_a_python_that_is_not_written_out_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="ansible_python_interpreter"):
        host_interpreter({"ansible_python_interpreter": value}, "/usr/bin/python3")
