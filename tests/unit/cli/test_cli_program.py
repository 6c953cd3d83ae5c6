"""The program as a process: exit codes, streams, signals, misuse, and what nobody foresaw."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from calling import Call, Contract

from opspact import __main__ as entry
from opspact.cli import application, main
from opspact.cli.commands import Entry

PROGRAM = [sys.executable, "-m", "opspact"]


@contextmanager
def silence() -> Iterator[int]:
    """A port on which somebody accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def children_of(process: int) -> list[int]:
    """Every thread's children."""
    listed = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
    return [int(child) for children in listed for child in children.split()]


def test_global_options_may_stand_behind_the_command(
    contract: Contract, opspact: Call, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = opspact("check", "--contract", str(contract.folder), "--no-color", "--debug")

    assert said.code == 0


@pytest.mark.parametrize("option", ["-v", "-vvvv", "-vq", "--verbose", "-q", "--quiet", "--no-color", "--debug"])
def test_a_global_option_may_stand_on_either_side_of_the_command(opspact: Call, option: str) -> None:
    assert opspact("check", option).code == 0
    assert opspact(option, "check").code == 0


@pytest.mark.parametrize(
    ("words", "way"),
    [
        (["--format", "json", "check"], "opspact check --format"),
        (["oncall", "--roster", "x", "who"], "opspact oncall who --roster"),
    ],
)
def test_a_command_s_option_before_the_command_is_led_behind_it(opspact: Call, words: list[str], way: str) -> None:
    said = opspact(*words)
    assert said.code == 2
    assert f"{way} …" in said.err


def test_hosts_are_named_as_arguments_or_by_a_limit(opspact: Call) -> None:
    assert [host["name"] for host in json.loads(opspact("verify", "here", "--format", "json").out)["hosts"]] == ["here"]
    assert opspact("plan", "here").out == opspact("plan", "--limit", "here").out
    assert opspact("verify", "here", "nowhere").code == 2
    assert opspact("verify", "here", "--limit", "here").code == 2


def test_quiet_shows_the_result_without_the_progress(opspact: Call) -> None:
    loud, quiet = opspact("verify"), opspact("verify", "-q")

    assert "checking" in loud.err
    assert quiet.err == ""
    assert (quiet.code, quiet.out) == (loud.code, loud.out)


@pytest.mark.parametrize("group", ["inspect", "backup", "calendar", "oncall", "sla", "ledger"])
def test_a_group_without_its_command_lists_its_commands(opspact: Call, group: str) -> None:
    said = opspact(group)

    assert said.code == 2
    assert "Commands:" in said.out


def test_help_is_a_command_too(opspact: Call) -> None:
    assert opspact("help", "oncall", "who").out == opspact("oncall", "who", "--help").out
    assert opspact("help").out == opspact("--help").out != ""
    assert opspact("help", "nonsense").code == 2


def test_the_version_is_told_with_those_of_python_and_ansible(program: Call) -> None:
    said = program("--version")
    python = ".".join(map(str, sys.version_info[:3]))
    core, mitogen, own = map(metadata.version, ("ansible-core", "mitogen", "opspact"))

    assert (said.code, said.out) == (0, f"opspact {own} (Python {python}, ansible-core {core}, mitogen {mitogen})\n")


def test_a_reader_that_goes_away_is_no_drama() -> None:
    with subprocess.Popen([*PROGRAM, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        code = process.wait(timeout=30)

    assert (code, said) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_change_the_exit_code(redirection: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m opspact check {redirection}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stderr == ""


def test_output_that_cannot_be_kept_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=dict(os.environ)
        )

    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_any_character_can_be_written_in_any_locale(contract: Contract, program: Call) -> None:
    contract.write("policies/wrong.yaml", "kind: team\nname: 甲组\n")
    said = program("check", environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})

    assert said.code == 2
    assert "\\u7532" in said.err


def test_a_narrow_screen_breaks_lines_and_keeps_the_caret_below_its_column(
    contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract.write("policies/wrong.yaml", f"kind: team\nname: x\n{'long_' * 8}key: {{zh: {'甲' * 30}, en: x}}\n")
    monkeypatch.setenv("COLUMNS", "40")
    said = opspact("check")

    assert said.code == 2
    assert all(len(text) <= 40 for text in said.err.splitlines())
    shown = said.err.splitlines()
    caret = next(number for number, text in enumerate(shown) if text.strip() == "| ^")
    assert shown[caret].index("^") == shown[caret - 1].index("long_")


def on_a_terminal(command: str) -> str:
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("options", "colored"), [("", True), ("--no-color", False)])
def test_colour_is_for_terminals_that_want_it(options: str, *, colored: bool) -> None:
    shown = on_a_terminal(f"{sys.executable} -m opspact check {options}")

    assert "ok" in shown
    assert ("\x1b[" in shown) is colored


def test_on_a_terminal_the_plan_is_shown_and_a_no_changes_nothing(contract: Contract) -> None:
    done = subprocess.run(
        ["script", "-qec", f"{sys.executable} -m opspact apply", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
        input="no\n",
        env={**os.environ, "TERM": "dumb"},
    )

    assert done.returncode == 2
    shown = "".join(done.stdout.split())  # a long path is broken at the terminal's edge
    assert f"+file{contract.kept}" in shown
    assert shown.index("starton1host") < shown.index("Applythesechanges")
    assert not contract.kept.exists()


def left_after(seconds: float, pids: list[int]) -> list[str]:
    """Return what still runs of these processes when they had time to end; a zombie waits for its new parent alone."""
    deadline = time.monotonic() + seconds
    while (left := [running for pid in pids if (running := running_as(pid))]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def running_as(pid: int) -> str:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    return "" if state in {"Z", "X"} else f"{pid} {state} {command}"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_look_with_its_number_and_leaves_no_process_behind(
    contract: Contract, number: signal.Signals
) -> None:
    with silence() as port:
        reached = f"all: {{hosts: {{here: {{ansible_host: 127.0.0.1, ansible_port: {port}}}}}}}\n"
        contract.write("inventory/hosts.yaml", reached)
        command = [*PROGRAM, "verify", "--format", "json"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            until = time.monotonic() + 100
            while not (children := children_of(process.pid)) and time.monotonic() < until:
                time.sleep(0.05)
            process.send_signal(number)
            out, said = process.communicate(timeout=100)

    assert children != []
    assert process.returncode == 128 + number
    assert number.name in said.decode().splitlines()[-1]
    assert json.loads(out)["exit_code"] == 128 + number
    assert left_after(10, children) == []


STRUCK_WHILE_LOADED = """
import os, signal, sys
from opspact.__main__ import run
class Striker:
    def find_spec(self, name, *_):
        if name == "opspact.cli.application":
            os.kill(os.getpid(), int(sys.argv.pop(1)))
if sys.argv.pop(1) == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.meta_path.insert(0, Striker())
run()
"""


def struck_while_loaded(
    number: signal.Signals, *arguments: str, ignored: str = ""
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", STRUCK_WHILE_LOADED, ignored, str(int(number)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_while_the_program_is_loaded_ends_it_in_order(number: signal.Signals) -> None:
    done = struck_while_loaded(number, "check", "--format", "json")

    assert (done.returncode, done.stderr) == (128 + number, f"opspact: terminated by {number.name}\n")
    reported = json.loads(done.stdout)
    assert (reported["schema"], reported["kind"], reported["exit_code"]) == (
        "opspact/error",
        "terminated",
        128 + number,
    )


def test_a_signal_that_is_ignored_from_the_start_ends_nothing(contract: Contract) -> None:
    done = struck_while_loaded(signal.SIGHUP, "check", "--contract", str(contract.folder), ignored="ignored")

    assert done.returncode == 0


def test_the_installed_program_begins_where_signals_are_kept() -> None:
    written = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())

    assert written["project"]["scripts"] == {"opspact": f"{entry.__name__}:{entry.run.__name__}"}


@pytest.mark.parametrize(("acts", "code"), [(True, 3), (False, 2)])
def test_what_nobody_foresaw_is_one_calm_paragraph(
    opspact: Call, monkeypatch: pytest.MonkeyPatch, *, acts: bool, code: int
) -> None:
    module = ModuleType("opspact.cli.fails")

    def command() -> None:
        raise ZeroDivisionError("by zero")

    module.command = command  # type: ignore[attr-defined]  # a module made here
    commands = {"fails": Entry("fails", "Fails.", acts=acts)}
    monkeypatch.setitem(sys.modules, "opspact.cli.fails", module)
    monkeypatch.setattr(application, "COMMANDS", commands)
    monkeypatch.setattr(main, "COMMANDS", commands)

    said = opspact("fails")
    assert said.code == code
    assert said.err.count("\n") == 1
    assert "ZeroDivisionError: by zero" in said.err
    assert "--debug" in said.err
    assert ("opspact ledger show" in said.err) is acts
    assert "Traceback" in opspact("fails", "--debug").err
