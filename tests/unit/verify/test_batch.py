"""Questions that are asked together give what each of them gives alone."""

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opspact.fleet.connection import Settings
from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.fleet.sessions import open_sessions
from opspact.model.inventory.host import Host
from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.check import Reach, State
from opspact.steps.question import ask_program
from opspact.steps.traits import SlowCheck
from opspact.values.secret import Secrets
from opspact.verify import batch
from opspact.verify.check import check_hosts

LOCAL = {"ansible_connection": "local", "ansible_become": False}


@dataclass(frozen=True, kw_only=True)
class Asks(Step):
    """Wants each of its commands to say nothing; asks them one after the other."""

    kind: ClassVar[str] = "asks"
    rank: ClassVar[int] = 10
    commands: tuple[str, ...]

    @property
    def subject(self) -> str:
        return "; ".join(self.commands)

    def tasks(self) -> tuple[Task, ...]:
        return ()

    def removal(self) -> tuple[Task, ...]:
        return ()

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        for command in self.commands:
            done = host.run(command)
            yield from (f"{done.rc}", done.stdout, done.stderr)

    def present(self, host: CheckedHost) -> bool:
        return host.run("true").rc == 0


@dataclass(frozen=True, kw_only=True)
class AsksSlowly(Asks, SlowCheck):
    """The same, by itself."""

    kind: ClassVar[str] = "asks-slowly"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What sessions ran, in its order."""
    lines: list[str] = []
    real = Session.run

    def run(session: Session, command: str, **options: bytes | float | None) -> Completed:
        lines.append(command)
        return real(session, command, **options)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(Session, "run", run)
    return lines


def seen(steps: Sequence[Step]) -> list[tuple[State, str]]:
    with open_sessions([Host("web1", LOCAL)], settings=Settings()) as sessions:
        result = check_hosts(sessions, {"web1": steps}, {})["web1"]
    assert result.reach is Reach.REACHED
    return [(check.state, check.detail) for check in result.checks]


def test_first_questions_are_one_run_and_what_follows_another(sent: list[str]) -> None:
    seen([Asks(commands=("echo one", "echo two")), Asks(commands=("echo three",)), Asks(commands=("echo one",))])
    assert [line for line in sent if line.startswith("echo")] == []
    assert sent.count("exec /bin/sh -s") == 2


def test_no_more_than_a_hundred_share_a_time_limit(sent: list[str]) -> None:
    reported = seen([Asks(commands=(f"echo {number}",)) for number in range(250)])
    assert [detail.split()[1].rstrip(";") for _, detail in reported] == [str(number) for number in range(250)]
    assert sent.count("exec /bin/sh -s") == 3


def test_what_takes_its_time_is_asked_alone(sent: list[str]) -> None:
    seen([Asks(commands=("echo one",)), AsksSlowly(commands=("echo two",))])
    assert [line for line in sent if line != "true"] == ["exec /bin/sh -s", "echo two"]


ODD = (
    "echo out; echo error >&2; exit 7",
    "printf 'no end of line'; printf 'nor here' >&2; false",
    "cat",
    "exec sh -c 'kill -9 $$'",
    "set -e; false; echo never",
    "cd /tmp && pwd; umask 0",
    "pwd; umask",
    "echo 'a # comment' # and a comment",
    "exec 2>/dev/null; readonly at=1; at=2",
    "exit 255",
    "printf '\\377' | od -c",
)


@settings(max_examples=10)
@given(st.lists(st.sampled_from(ODD), min_size=1, max_size=8))
def test_together_is_as_alone(commands: list[str]) -> None:
    together = seen([Asks(commands=(command,)) for command in commands])
    assert together == seen([AsksSlowly(commands=(command,)) for command in commands])


def test_what_is_no_command_spoils_no_other(sent: list[str]) -> None:
    steps = [Asks(commands=(command,)) for command in ("echo one", "fi", "echo two")]
    reported = seen(steps)
    assert [detail.startswith(("0; one", "0; two")) for _, detail in reported] == [True, False, True]
    assert [line for line in sent if line in {"fi", "echo two"}] == ["fi", "echo two"]


def test_a_look_that_fails_before_it_asks_says_so_in_its_turn() -> None:
    class Fails(Asks):
        kind: ClassVar[str] = "fails"

        def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:
            raise LookupError(f"nothing known of {host is not None}, {secrets}")

    reported = seen([Asks(commands=("true",)), Fails(commands=())])
    assert reported[1] == (State.UNKNOWN, "nothing known of True, {}")


def test_nothing_is_asked_ahead_of_no_steps() -> None:
    with open_sessions([Host("web1", LOCAL)], settings=Settings()) as sessions:
        assert sessions.each(lambda session: batch.answers(session, (), {})) == {"web1": {}}


PROGRAMS = (
    "import sys\nprint(sys.argv[1:], 'it''s \"quoted\"')",
    "import os, sys\nos.write(1, b'\\xff'); os.write(2, b'\\xfe'); sys.exit(3)",
    "import sys\nsys.exit('no such account')",
    "raise ValueError('not a number')",
    "print(input())",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "import __main__\nprint(__name__, __main__.__name__)",
    "import subprocess\nprint(subprocess.run(['echo', 'child'], capture_output=True).stdout)",
    "def f(",
    "import os\nos._exit(9)",
)


@dataclass(frozen=True, kw_only=True)
class AsksPrograms(Asks):
    """The same, of programs of Python with an argument each."""

    kind: ClassVar[str] = "asks-programs"
    argument: str = "-"

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        for program in self.commands:
            try:
                done = ask_program(host, program, self.argument, failure="no answer")
                yield from (f"{done.rc}", done.stdout, done.stderr)
            except ValueError as error:
                yield f"{error}"


class AsksProgramsSlowly(AsksPrograms, SlowCheck):
    """The same, by itself."""

    kind: ClassVar[str] = "asks-programs-slowly"


def test_programs_of_python_give_together_what_each_gives_alone(sent: list[str]) -> None:
    words = [(program, argument) for program in PROGRAMS for argument in ("-", "'", "a b\n\udcff$x")]
    together = seen([AsksPrograms(commands=(program,), argument=argument) for program, argument in words])
    begun = [line for line in sent if "python3" in line]
    alone = seen([AsksProgramsSlowly(commands=(program,), argument=argument) for program, argument in words])
    assert together == alone
    # Those that end their process, or are no program, are asked again by themselves.
    assert len(begun) == 1 + 3 * len([it for it in PROGRAMS if "SIGKILL" in it or "_exit" in it or it == "def f("])


SIGNALS = ("kill -PIPE $$; echo ignored", "sh -c 'kill -PIPE $$'; echo $?", "yes 2>&1 | head -n 1", "trap; ulimit -c")


def test_commands_beside_programs_give_what_each_gives_alone() -> None:
    programs = [AsksPrograms(commands=("print(1)",))]
    commands = (*ODD, *(f"exec sh -c {shlex.quote(command)}" for command in SIGNALS))
    together = seen([*programs, *(Asks(commands=(command,)) for command in commands)])
    assert together[1:] == seen([AsksSlowly(commands=(command,)) for command in commands])


@pytest.mark.parametrize("says", ["", "{}", "[1]", "not JSON", '{"script": ["", 1], "programs": [[[0]]]}'])
def test_a_python_that_says_something_else_is_asked_for_each_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    (tmp_path / "python").write_text(f"#!/bin/sh\necho {shlex.quote(says)}\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(batch, "PYTHON", (str(tmp_path / "python"),))
    assert [detail for _, detail in seen([AsksPrograms(commands=("print(1)",)), Asks(commands=("echo one",))])] == [
        *("0; 1\n; ", "0; one\n; "),
    ]


def test_what_says_much_is_asked_alone(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = batch.batch_program()
    monkeypatch.setattr(batch, "batch_program", lambda: text.replace("LARGEST = 4_000_000", "LARGEST = 4_000"))
    program, lengths = "import sys\nprint('x' * int(sys.argv[1]))", (2, 5000, 4)
    programs = [AsksPrograms(commands=(program,), argument=str(length)) for length in lengths]
    commands = ("echo one", "yes | head -c 3000", "echo two")
    details = [detail for _, detail in seen([*programs, *(Asks(commands=(command,)) for command in commands)])]
    assert details[:3] == [f"0; {'x' * length}\n; " for length in lengths]
    many = "y\n" * 1500
    assert details[3:] == ["0; one\n; ", f"0; {many}; ", "0; two\n; "]
    assert len([line for line in sent if "python3" in line]) == 1 + 2  # what comes after the long one is missing too
    assert commands[1] in sent


def test_what_never_stops_talking_does_not_fill_the_memory_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    text = batch.batch_program().replace("LARGEST = 4_000_000", "LARGEST = 4_000")
    monkeypatch.setattr(batch, "batch_program", lambda: text)
    said: list[Completed] = []
    real = Session.run

    def run(session: Session, command: str, **options: bytes | float | None) -> Completed:
        if command == "yes":  # alone, it would go on for ever
            return Completed(9, b"", b"")
        said.append(real(session, command, **options))  # type: ignore[arg-type] # passed on as they came
        return said[-1]

    monkeypatch.setattr(Session, "run", run)
    begun = time.monotonic()
    details = [detail for _, detail in seen([AsksPrograms(commands=("print(1)",)), Asks(commands=("yes",))])]
    assert details == ["0; 1\n; ", "9; ; "]
    assert time.monotonic() - begun < 20
    assert len(said[0].stdout) < 10_000


def test_a_program_that_hangs_holds_up_no_other(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = batch.batch_program()
    monkeypatch.setattr(batch, "batch_program", lambda: text.replace("LIMIT = 40", "LIMIT = 1"))
    hangs = "import time\ntime.sleep(3)\nprint('here')"
    steps = [AsksPrograms(commands=(program,)) for program in ("print(1)", hangs, "print(2)")]
    assert [detail for _, detail in seen(steps)] == ["0; 1\n; ", "0; here\n; ", "0; 2\n; "]
    assert len([line for line in sent if "python3" in line]) == 2  # the one that hangs is asked again


def test_a_host_without_python_is_told_so_by_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opspact.steps.question._RUN", 'python3-absent -I -S -c "$@"')
    monkeypatch.setattr(batch, "PYTHON", ("python3-absent",))
    ((state, detail),) = seen([AsksPrograms(commands=("print(1)",))])
    assert (state, "python3-absent" in detail) == (State.FAILED, True)
