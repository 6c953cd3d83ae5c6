"""The first questions of all steps, asked at once: one shell for them instead of one each, and one Python, no waiting.

In: a session, steps. Out: what the host answered, by command.

A check asks as it goes, and knows nothing of this. So it is started on a host that answers nothing: there it stops at
its first question. Those questions go to the real host together, and the check, started again, finds its answer
waiting. What it asks after that, whatever was not answered, and whatever is slow (`SlowCheck`) it asks by itself.
"""

import json
import secrets as random
import shlex
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NoReturn

from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.steps.base import CheckedHost, Step
from opspact.steps.question import PYTHON, program_of
from opspact.steps.traits import is_slow
from opspact.structs import Struct
from opspact.values.secret import Secrets
from opspact.verify.backend import SessionBackend, host_over

CHECK_ERRORS = (ValueError, RuntimeError, AssertionError, OSError, NotImplementedError)
"""What a check raises when the host's answer makes no sense to it (UnicodeError is a ValueError)."""
_ROUNDS = 3
"""How often questions that follow from answers are asked together too."""
_TOGETHER = 100
"""How many questions share one time limit, which is what a host that is slow has for a single one."""


class _Question(BaseException):
    """A check asked something that is not known yet. No Exception: no check takes it for an answer that went wrong."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


class _Listener(SessionBackend):
    """A backend that asks no host: it raises what would be asked."""

    def ask(self, line: str) -> NoReturn:
        """Raise _Question."""
        raise _Question(line)


def answers(session: Session, steps: Sequence[Step], secrets: Secrets) -> dict[str, Completed]:
    """Given a host's session and the steps to check, return what it answers to their first questions.

    Raise HostLost when the host is lost meanwhile.
    """
    known: dict[str, Completed] = {}
    listener = host_over(_Listener(session.name, session=session, answers=known))
    asking = [step for step in steps if not is_slow(step)]
    for _ in range(_ROUNDS):
        questions = [(step, line) for step in asking if (line := _question(listener, step, secrets)) is not None]
        lines = list(dict.fromkeys(line for _, line in questions))
        found: dict[str, Completed] = {}
        for start in range(0, len(lines), _TOGETHER):
            found |= _answered(session, lines[start : start + _TOGETHER])
        if not found:
            break
        known |= found  # the listener has them too
        asking = [step for step, line in questions if line in found]
    return known


def _question(listener: CheckedHost, step: Step, secrets: Secrets) -> str | None:
    """Return the first command of a check that is not known yet; None when there is none."""
    try:
        list(step.check(listener, secrets))
    except _Question as question:
        return question.line
    except (LookupError, *CHECK_ERRORS):
        return None  # the check itself reports what is wrong, when it is its turn
    return None


def _answered(session: Session, lines: Sequence[str]) -> dict[str, Completed]:
    """Run the commands; return what those gave back that came to their end.

    With programs of Python among them, its one start runs all, and says all at once. A host without Python, or one that
    says anything else, is asked for the other commands alone: then each program is asked by itself, and says why.
    """
    programs = {line: program for line in lines if (program := program_of(line))}
    script = _Script([line for line in lines if line not in programs], random.token_hex(16))
    if not programs:
        done = session.run("exec /bin/sh -s", input=script.text.encode("utf-8", "surrogateescape"))
        return script.answers(done.stdout, done.stderr)
    runs: dict[str, dict[str, list[str]]] = {}
    for line, (text, *words) in programs.items():
        runs.setdefault(text, {})[line] = words
    given = {"script": script.text, "programs": [[text, list(of_one.values())] for text, of_one in runs.items()]}
    done = session.run(f"exec {shlex.join([*PYTHON, '-c', batch_program()])}", input=json.dumps(given).encode())
    said = _said(done, len(runs))
    if said is None:
        return _answered(session, script.lines) if script.lines else {}
    of_script, of_programs = said
    return script.answers(*of_script) | {
        line: completed
        for of_one, ended in zip(runs.values(), of_programs, strict=True)
        for line, completed in zip(of_one, ended, strict=False)
    }


def _said(done: Completed, programs: int) -> tuple[tuple[bytes, bytes], list[list[Completed]]] | None:
    """Return what the script wrote and what came of each program's runs; None when no such answer came."""
    if done.rc != 0:
        return None
    try:
        said = json.loads(done.stdout)
        output, errors = (text.encode("latin-1") for text in said["script"])
        ended = [
            [Completed(int(rc), out.encode("latin-1"), error.encode("latin-1")) for rc, out, error in of_one]
            for of_one in said["programs"]
        ]
    except (ValueError, LookupError, TypeError, AttributeError):  # what is called python3 there is something else
        return None
    return ((output, errors), ended) if len(ended) == programs else None


class _Script(Struct):
    """Commands that one shell runs one after the other; `marker` stands behind what each of them says."""

    lines: Sequence[str]
    marker: str

    @property
    def text(self) -> str:
        """The script; empty without commands."""
        end = f"printf '%s %s\\n' {self.marker} $?; printf '%s\\n' {self.marker} >&2\n"
        return "".join(f"( {line}\n) </dev/null\n{end}" for line in self.lines)

    def answers(self, output: bytes, errors: bytes) -> dict[str, Completed]:
        """Given all that the shell said, return what each command said that came to its end."""
        said = output.split(f"{self.marker} ".encode())
        complained = errors.split(f"{self.marker}\n".encode())
        found: dict[str, Completed] = {}
        of_one = said[0]
        for line, after, error in zip(self.lines, said[1:], complained[:-1], strict=False):
            status, end, rest = after.partition(b"\n")
            if end:
                found[line] = Completed(int(status), of_one, error)
            of_one = rest
        return found


@cache
def batch_program() -> str:
    """Return the program that runs several programs, and a script."""
    return files("opspact.onhost").joinpath("program_batch.py").read_text(encoding="utf-8")
