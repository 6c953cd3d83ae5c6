"""Commands of runbooks as a host's shell gets them: run by the shell of this machine."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from opspact.fleet.framing import Completed
from opspact.ledger.runbook_events import StepOutcome
from opspact.runbook.doors import HostCommand
from opspact.runbook.host_command import answer_of, shell_command
from opspact.structs import replace

STRANGE = "$(id); `id` | 'q' \"d\" {{ 1 }} 中文 * \\ !\n end"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="runuser needs root")


def run(command: HostCommand, timeout: float = 30.0) -> Completed:
    line, given = shell_command(command, timeout)
    done = subprocess.run(["/bin/sh", "-c", line], input=given, capture_output=True, check=False)
    return Completed(done.returncode, done.stdout, done.stderr)


def said(command: HostCommand) -> str:
    done = run(command)
    assert done.rc == 0, done
    return done.stdout.decode()


def test_an_argument_stays_one_whatever_it_holds() -> None:
    assert said(HostCommand(run=("printf", "%s|", STRANGE, "", "b c"))) == f"{STRANGE}||b c|"


def test_a_script_gets_values_as_variables() -> None:
    command = HostCommand(script='printf %s "$word"', variables={"word": STRANGE})
    assert said(command) == STRANGE


@pytest.mark.parametrize("script", ["false; echo on", "set -u; echo $nothing; echo on", "(exit 4); echo on"])
def test_a_script_ends_at_its_first_failure(script: str) -> None:
    done = run(HostCommand(script=script))
    assert done.rc != 0
    assert b"on\n" not in done.stdout


def test_the_last_line_of_a_script_may_lack_its_end_or_be_a_comment() -> None:
    assert said(HostCommand(script="echo a # b")) == "a\n"
    assert said(HostCommand(script="cat <<X\nhere\nX")) == "here\n"


@pytest.mark.parametrize("form", [HostCommand(run=("cat",)), HostCommand(script="cat\nexit 0")])
def test_standard_input_is_what_was_given_or_empty(form: HostCommand) -> None:
    assert said(replace(form, stdin=STRANGE)) == STRANGE
    assert said(form) == ""


def test_the_exit_code_is_that_of_the_command_with_an_input_too() -> None:
    for stdin in (None, "x" * 200_000):
        assert run(HostCommand(run=("sh", "-c", "exit 7"), stdin=stdin)).rc == 7
        assert run(HostCommand(script="exit 8", stdin=stdin)).rc == 8


def test_the_environment_reaches_the_command() -> None:
    assert said(HostCommand(run=("printenv", "PGPASSWORD"), environment={"PGPASSWORD": STRANGE})) == f"{STRANGE}\n"


def test_nothing_that_is_given_is_an_argument_of_a_shell() -> None:
    """Others on the host read arguments: those of the command are shown, what goes in by other ways is not."""
    command = HostCommand(script="cat", variables={"word": "Canary"}, environment={"E": "Canary"}, stdin="Canary")
    assert "Canary" not in shell_command(command, 30.0)[0]
    seen = HostCommand(script="cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '", environment={"E": "Canary-7531"})
    assert "Canary-7531" not in said(seen)


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="zero byte"):
        shell_command(HostCommand(run=("echo", "a\0b")), 1.0)


@AS_ROOT
def test_another_account_runs_it() -> None:
    assert said(HostCommand(run=("id", "-un"), user="nobody")) == "nobody\n"
    assert said(HostCommand(script='id -un; echo "$E"', user="nobody", environment={"E": "x y"})) == "nobody\nx y\n"


def test_a_time_limit_ends_everything(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    script = f"(while :; do touch {file}; sleep 0.1; done) & sleep 60"
    begun = time.monotonic()
    done = run(HostCommand(script=script), 0.5)
    seconds = time.monotonic() - begun
    answer = answer_of(done, seconds=seconds, timeout=0.5, limit="0.5s")
    assert (answer.outcome, answer.detail) == (StepOutcome.FAILED, "not finished within 0.5s: it was ended")
    time.sleep(0.5)
    before = file.stat().st_mtime_ns
    time.sleep(0.5)
    assert file.stat().st_mtime_ns == before


def test_an_exit_code_of_timeout_is_the_commands_own_when_it_ended_early() -> None:
    done = run(HostCommand(run=("sh", "-c", "echo why >&2; exit 124")))
    answer = answer_of(done, seconds=0.1, timeout=30.0, limit="30s")
    assert (answer.exit_code, answer.detail) == (124, "exit code 124: why")


def test_chinese_is_whole_and_what_is_no_text_is_shown_as_such() -> None:
    answer = answer_of(Completed(0, "完成".encode(), b"\xff"), seconds=0, timeout=1, limit="1s")
    assert (answer.output, answer.error_output, answer.size) == ("完成", "\N{REPLACEMENT CHARACTER}", 7)
