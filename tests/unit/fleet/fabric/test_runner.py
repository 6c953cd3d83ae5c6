"""What fabric's documentation says of `run`, on this machine."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import pytest
from fabric_here import LIMIT, connected
from invoke.exceptions import CommandTimedOut, Failure, ResponseNotAccepted, ThreadException, UnexpectedExit
from invoke.runners import Promise, Runner
from invoke.watchers import FailingResponder, Responder, StreamWatcher

from opspact.errors import Refused
from opspact.fleet.connection import Connection as Way
from opspact.fleet.fabric.connection import Connection
from opspact.fleet.fabric.runner import OutputLimitExceeded, SessionRunner
from opspact.fleet.failures import HostLost
from opspact.fleet.guard import Guard
from opspact.steps.check import Reach


def processes(argument: str) -> list[str]:
    """Return the command lines of living processes with an argument."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if argument in words:
            found.append(" ".join(words))
    return found


def gone(argument: str) -> bool:
    until = time.monotonic() + 20
    while (left := processes(argument)) and time.monotonic() < until:
        time.sleep(0.05)
    return not left


def test_the_runner_is_one_of_invoke(connection: Connection) -> None:
    assert issubclass(SessionRunner, Runner)
    assert connection.config.runners.remote is SessionRunner


def test_a_result_has_both_streams_and_the_exit_status(connection: Connection) -> None:
    done = connection.run("echo out; printf err >&2; exit 3", warn=True)
    assert (done.stdout, done.stderr, done.exited, done.return_code) == ("out\n", "err", 3, 3)
    assert (bool(done), done.ok, done.failed, vars(done)["connection"]) == (False, False, True, connection)
    assert (done.hide, done.pty, done.encoding, done.env) == (("stdout", "stderr"), False, "utf-8", {})
    assert done.command == "echo out; printf err >&2; exit 3"


def test_another_exit_status_than_0_is_an_error_unless_it_warns(connection: Connection) -> None:
    with pytest.raises(UnexpectedExit) as failed:
        connection.run("echo why >&2; exit 4")
    assert failed.value.result.exited == 4
    assert "why" in str(failed.value)
    assert connection.run("false", warn=True).exited == 1


def test_the_command_is_one_for_the_shell_of_the_login_in_its_home(connection: Connection) -> None:
    assert connection.run("[[ a == a ]] && echo $0 $BASH").stdout == "/bin/bash /bin/bash\n"


@pytest.mark.parametrize(
    "command", ["exit 7", "exec sh -c 'exit 7'", "(exit 7)", "cat <<'EOF'\nEOF\nexit 7", "exit 7 #"]
)
def test_a_command_ends_as_it_wants(connection: Connection, command: str) -> None:
    assert connection.run(command, warn=True).exited == 7


def test_a_command_that_a_signal_ends_has_128_more_than_its_number(connection: Connection) -> None:
    done = connection.run("kill -9 $$", warn=True)
    assert (done.exited, done.stderr) == (137, "")


@pytest.mark.parametrize(("hide", "shown"), [(None, "oe"), (False, "oe"), ("out", "e"), ("err", "o"), (True, "")])
def test_hide_hides_and_keeps(
    connection: Connection, capsys: pytest.CaptureFixture[str], *, hide: object, shown: str
) -> None:
    connection.config.run.hide = None
    done = connection.run("printf o; printf e >&2", hide=hide)
    captured = capsys.readouterr()
    assert (captured.out + captured.err, done.stdout, done.stderr) == (shown, "o", "e")


def test_echo_shows_the_command_and_dry_runs_nothing(
    connection: Connection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    connection.run("true", echo=True, hide=False)
    done = connection.run(f"touch {tmp_path}/made", dry=True)
    assert [line.strip("\x1b[10;37m") for line in capsys.readouterr().out.splitlines()] == [
        "true",
        f"touch {tmp_path}/made",
    ]
    assert (done.ok, done.stdout, (tmp_path / "made").exists()) == (True, "", False)


def test_variables_are_passed_as_they_are_written(connection: Connection) -> None:
    value = 'it\'s $HOME `id` 数据\n"x"'
    assert connection.run('printf %s "$WORDS"', env={"WORDS": value}).stdout == value
    with pytest.raises(Refused, match="not a name"):
        connection.run("true", env={"A B": "x"})


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_no_character_is_damaged_where_a_read_ends(connection: Connection, encoding: str) -> None:
    text = "数据库连接失败 " * 40_000
    odd = f"x{text}"  # characters lie across every boundary
    done = connection.run("cat", in_stream=io.BytesIO(odd.encode(encoding)), encoding=encoding)
    assert done.stdout == odd


def test_a_half_character_at_the_end_is_replaced_and_bytes_that_are_none_hurt_nothing(connection: Connection) -> None:
    assert connection.run(r"printf 'a\377\346\225'").stdout == "a\ufffd\ufffd"


def test_input_comes_from_a_stream_as_it_is(connection: Connection) -> None:
    data = bytes(range(256)) * 2000
    done = connection.run("sha256sum; wc -c", in_stream=io.BytesIO(data))
    assert (
        done.stdout == subprocess.run("sha256sum", input=data, capture_output=True, check=True).stdout.decode() + "0\n"
    )
    assert connection.run("cat", in_stream=io.StringIO("数据\n")).stdout == "数据\n"


def test_a_command_that_does_not_read_its_input_ends(connection: Connection) -> None:
    assert connection.run("exec <&-; echo done", in_stream=io.StringIO("x" * 1_000_000)).stdout == "done\n"


def test_responders_answer_prompts_on_both_streams(connection: Connection) -> None:
    asks = "printf 'Continue? '; read a; printf 'Word 1' >&2; read b; echo \"$a $b\""
    answers = [Responder(r"Continue\?", "数据\n"), Responder("Word 1", "open\n")]
    assert connection.run(asks, watchers=answers).stdout == "Continue? 数据 open\n"


@pytest.mark.slow
def test_an_answer_that_is_not_accepted_is_a_failure_and_ends_the_command(connection: Connection) -> None:
    asks = "printf 'pin: '; read a; echo wrong; sleep 871.25"
    with pytest.raises(Failure) as failed:
        connection.run(asks, watchers=[FailingResponder("pin: ", "1\n", "wrong")])
    assert isinstance(failed.value.reason, ResponseNotAccepted)
    assert gone("871.25")


@pytest.mark.slow
def test_a_watcher_that_breaks_ends_the_command(connection: Connection) -> None:
    class Broken(StreamWatcher):
        def submit(self, stream: str) -> list[str]:
            raise KeyError(stream)

    with pytest.raises(ThreadException):
        connection.run("echo x; sleep 872.25", watchers=[Broken()])
    assert gone("872.25")


@pytest.mark.slow
def test_input_that_nobody_reads_holds_up_no_failure(connection: Connection) -> None:
    class Broken(StreamWatcher):
        def submit(self, stream: str) -> list[str]:
            raise KeyError(stream)

    with pytest.raises(ThreadException):
        connection.run("echo x; sleep 883.25", watchers=[Broken()], in_stream=io.StringIO("x" * 10_000_000))
    assert gone("883.25")


def test_a_time_limit_ends_what_was_started_whatever_session_it_is_in(connection: Connection) -> None:
    with pytest.raises(CommandTimedOut) as late:
        connection.run("echo begun; setsid sleep 873.25 & sleep 873.25", timeout=0.5)
    assert (late.value.timeout, late.value.result.stdout) == (0.5, "begun\n")
    assert late.value.result.exited is None
    assert gone("873.25")


@pytest.mark.slow
def test_what_does_not_want_to_end_is_killed(connection: Connection) -> None:
    with pytest.raises(CommandTimedOut):
        connection.run("trap '' TERM; sleep 874.25; sleep 874.25; sleep 874.25", timeout=0.3)
    assert gone("874.25")


def test_a_command_that_ends_in_time_with_the_status_of_timeout_has_ended_in_time(connection: Connection) -> None:
    assert connection.run("exit 124", timeout=60, warn=True).exited == 124


def test_a_terminal_is_one_and_has_no_error_output(connection: Connection) -> None:
    done = connection.run("tty >/dev/null && echo err >&2; echo $TERM", pty=True)
    assert (done.stdout, done.stderr, done.pty) == ("err\r\nvt100\r\n", "", True)
    size = connection.run("stty size", pty=True, warn=True).stdout
    assert size == "24 80\r\n" or "not found" in size  # some builds of uutils have no stty
    assert connection.run("exit 5", pty=True, warn=True).exited == 5


def test_prompts_at_a_terminal_are_answered(connection: Connection) -> None:
    asks = "printf 'pin: ' >/dev/tty; read -s a </dev/tty; echo \"got $a\""
    assert connection.run(asks, pty=True, watchers=[Responder("pin: ", "12\n")]).stdout.endswith("got 12\r\n")


@pytest.mark.slow
def test_a_time_limit_ends_what_has_a_terminal(connection: Connection) -> None:
    with pytest.raises(CommandTimedOut):
        connection.run("trap '' HUP TERM; sleep 875.25; sleep 875.25", pty=True, timeout=0.3)
    assert gone("875.25")


def test_an_asynchronous_command_is_a_promise(connection: Connection) -> None:
    promise = cast(
        "Promise", connection.run("read word; echo $word", asynchronous=True, in_stream=io.StringIO("later\n"))
    )
    assert promise.command == "read word; echo $word"
    assert promise.join().stdout == "later\n"
    with pytest.raises(UnexpectedExit), cast("Promise", connection.run("exit 1", asynchronous=True)):
        pass


def test_closing_ends_what_nobody_has_waited_for(connection: Connection) -> None:
    promise = cast("Promise", connection.run("sleep 876.25", asynchronous=True))
    connection.close()
    assert gone("876.25")
    with pytest.raises(HostLost):
        promise.join()


def test_a_process_in_the_background_that_keeps_the_output_open_is_not_waited_for(connection: Connection) -> None:
    begun = time.monotonic()
    assert connection.run("sleep 30 & echo started").stdout == "started\n"
    assert time.monotonic() - begun < 25


def test_output_that_comes_soon_after_the_end_belongs_to_it(connection: Connection) -> None:
    assert connection.run("(sleep 0.4; echo late) & echo now").stdout == "now\nlate\n"


def test_stopping_the_session_ends_the_command(connection: Connection) -> None:
    threading.Timer(0.5, connection.session.stop).start()
    with pytest.raises(HostLost) as stopped:
        connection.run("sleep 877.25")
    assert "stopped by the operator" in stopped.value.detail
    assert gone("877.25")


def test_ctrl_c_ends_the_command_and_is_passed_on(connection: Connection) -> None:
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        connection.run("sleep 879.25")
    assert gone("879.25")


@pytest.mark.slow
def test_a_result_holds_no_more_than_the_limit(connection: Connection) -> None:
    with pytest.raises(OutputLimitExceeded, match="exceeds 8") as exceeded:
        connection.run("yes 878.25")
    assert "out_stream" in exceeded.value.hint
    assert gone("878.25")
    with pytest.raises(OutputLimitExceeded):
        connection.run("yes 878.25 >&2")
    assert gone("878.25")


_MEASURED = f"""
import resource, sys
sys.path[:0] = {[str(Path(__file__).parents[3] / "support")]!r}
from fabric_here import connected
from invoke import Responder
c = connected()
c.run("true")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
watchers = [Responder("y", "")]
with open("/dev/null", "w") as sink:
    done = c.run("head -c 150000000 /dev/zero | tr '\\\\0' x", hide=False, out_stream=sink, watchers=watchers)
print(len(done.stdout), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_what_goes_to_a_stream_is_not_kept_in_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURED], capture_output=True, text=True, check=True)
    kept, grown = map(int, done.stdout.split())
    assert LIMIT <= kept <= 2 * LIMIT
    assert grown < 80 * 1024, "KiB"


def test_a_connection_that_breaks_is_a_lost_host_and_no_exit_status(tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text(
        '#!/bin/sh\nfor last do :; done\n/bin/sh -c "$last"\necho "Connection to h closed." >&2\nexit 255\n'
    )
    client.chmod(0o755)
    connection = connected(Way("h", (str(client), "--", "h"), become=False))
    with pytest.raises(HostLost) as lost:
        connection.run("echo begun; kill -9 $PPID", warn=True)
    assert (lost.value.reach, lost.value.host) == (Reach.CUT_OFF, "h")
    assert connection.run("exit 255", warn=True).exited == 255


def test_a_shell_that_is_killed_is_a_broken_one(connection: Connection) -> None:
    with pytest.raises(HostLost) as lost:
        connection.run("kill -9 $PPID", warn=True)
    assert lost.value.reach is Reach.BROKEN


def test_a_host_that_is_given_up_is_asked_nothing(connection: Connection) -> None:
    connection.session.give_up("cut off")
    with pytest.raises(HostLost) as lost:
        connection.run("true")
    assert lost.value is connection.session.lost


def test_a_command_carries_the_mark_of_the_run_and_does_nothing_once_another_has_the_host(
    connection: Connection, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("7\n")
    check = f'read -r token <{token}; [ "$token" = 7 ] || {{ echo "taken by run r8" >&2; exit 76; }}\n'
    connection.session.guard = Guard(mark="OPSPACT_FENCE=/run/x:7", check=check)
    assert connection.run("cat /proc/self/environ | tr '\\0' '\\n' | grep FENCE").stdout == "OPSPACT_FENCE=/run/x:7\n"
    token.write_text("8\n")
    for work in (connection.run, connection.sudo):
        with pytest.raises(HostLost) as lost:
            work(f"touch {tmp_path}/written")
        assert (lost.value.reach, lost.value.attempt) == (Reach.BUSY, "r8")
    assert not (tmp_path / "written").exists()
