"""The first questions of all steps, asked at once: one shell for them instead of one each, and one Python, no waiting.

In: a session, steps. Out: what the host answered, by command.

A check asks as it goes, and knows nothing of this. So it is started on a host that answers nothing: there it stops at
its first question. Those questions go to the real host together, and the check, started again, finds its answer
waiting. What it asks after that, whatever was not answered, and whatever is slow (`SlowCheck`) it asks by itself.
"""

import json
import secrets as random
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NoReturn

from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.steps.base import CheckedHost, Step
from opspact.steps.question import PYTHON, program_of
from opspact.steps.traits import is_slow
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
    asked: set[str] = set()
    for _ in range(_ROUNDS):
        lines = [line for line in dict.fromkeys(_questions(listener, steps, secrets)) if line not in asked]
        asked.update(lines)
        found: dict[str, Completed] = {}
        programs = {line: program for line in lines if (program := program_of(line))}
        commands = [line for line in lines if line not in programs]
        for start in range(0, len(commands), _TOGETHER):
            found |= _run(session, commands[start : start + _TOGETHER])
        for start in range(0, len(programs), _TOGETHER):
            found |= _run_programs(session, dict(list(programs.items())[start : start + _TOGETHER]))
        if not found:
            break
        known |= found  # the listener has them too
    return known


def _questions(listener: CheckedHost, steps: Sequence[Step], secrets: Secrets) -> Iterator[str]:
    """Yield the first command of each check that is not known yet."""
    for step in steps:
        if not is_slow(step):
            try:
                list(step.check(listener, secrets))
            except _Question as question:
                yield question.line
            except (LookupError, *CHECK_ERRORS):
                continue  # the check itself reports what is wrong, when it is its turn


def _run(session: Session, lines: Sequence[str]) -> dict[str, Completed]:
    """Run the commands one after the other in one shell; return what those gave back that came to their end."""
    marker = random.token_hex(16)
    script = "".join(
        f"( {line}\n) </dev/null\nprintf '%s %s\\n' {marker} $?; printf '%s\\n' {marker} >&2\n" for line in lines
    )
    done = session.run("exec /bin/sh -s", input=script.encode("utf-8", "surrogateescape"))
    said, complained = done.stdout.split(f"{marker} ".encode()), done.stderr.split(f"{marker}\n".encode())
    found: dict[str, Completed] = {}
    output = said[0]
    for line, after, errors in zip(lines, said[1:], complained[:-1], strict=False):
        status, _, rest = after.partition(b"\n")
        found[line] = Completed(int(status), output, errors)
        output = rest
    return found


def _run_programs(session: Session, programs: Mapping[str, tuple[str, ...]]) -> dict[str, Completed]:
    """Run programs of Python, given by command, in one start of it; return what those gave back that came to their end.

    Nothing when the host has no Python, or none that can do that: then each is asked by itself, and says why.
    """
    runs: dict[str, dict[str, list[str]]] = {}
    for line, (text, *words) in programs.items():
        runs.setdefault(text, {})[line] = words
    given = json.dumps([[text, list(of_one.values())] for text, of_one in runs.items()]).encode()
    done = session.run(f"exec {shlex.join([*PYTHON, '-c', batch_program()])}", input=given)
    if done.rc != 0:
        return {}
    return {
        line: Completed(status, output.encode("latin-1"), errors.encode("latin-1"))
        for of_one, ended in zip(runs.values(), json.loads(done.stdout), strict=True)
        for line, (status, output, errors) in zip(of_one, ended, strict=False)
    }


@cache
def batch_program() -> str:
    """Return the program that runs several programs."""
    return files("opspact.onhost").joinpath("program_batch.py").read_text(encoding="utf-8")
