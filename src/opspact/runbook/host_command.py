"""A command of a runbook as it is fed to a host's shell: values and secrets go through its input, never its arguments.

Comes in: a command, a time limit. Goes out: a command for sh with its input; what its exit status means.
"""

import shlex

from opspact.fleet.framing import Completed
from opspact.fleet.shell_words import word
from opspact.ledger.runbook_events import StepOutcome
from opspact.runbook.doors import Answer, HostCommand

LONGEST = 10_000
"""Characters of a line that may become part of a message: it is masked first, and cut to less after that."""
KILL_AFTER = 5
"""Seconds between asking a command to end and ending it."""
GRACE = 30.0
"""Seconds that the session waits longer than the host's own time limit."""
_READ = 'script=$(cat && echo .) && eval "${script%.}"'
"""What reads the script from its input: text in its arguments could be read by everybody on the host."""
_TIME_IS_UP = frozenset({124, 125, 137})
"""timeout of GNU coreutils ends with 124, or 137 with KILL; that of uutils 0.0.30 with 125."""


def shell_command(command: HostCommand, timeout: float) -> tuple[str, bytes]:
    """Given a command and its time limit (seconds), return the command for sh, and its input. Raise ValueError."""
    account = f"runuser -u {word(command.user)} -- " if command.user else ""
    outer = f"exec timeout -k {KILL_AFTER} {timeout:.3f} {account}/bin/sh -c {word(_READ)}"
    return outer, _script(command).encode("utf-8", "surrogateescape")


def _script(command: HostCommand) -> str:
    """Return the script that the host's shell evaluates."""
    lines = [f"export {name}={word(value)}" for name, value in {**command.variables, **command.environment}.items()]
    if command.run:
        body, is_one = shlex.join(map(_whole, command.run)), True
    else:
        body, is_one = command.script, False
    if command.stdin is not None:
        fed = body if is_one else f"{{ set -e\n{body}\n}}"
        return "\n".join((*lines, f"printf %s {word(command.stdin)} | {fed}"))
    start = f"exec {body}" if is_one else f"set -e\n{body}"
    return "\n".join((*lines, "exec </dev/null", start))


def _whole(text: str) -> str:
    """Return an argument. Raise ValueError for a zero byte, which no argument can hold."""
    word(text)
    return text


def answer_of(done: Completed, *, seconds: float, timeout: float, limit: str) -> Answer:
    """Given what a command gave back and how long it took, return the answer; `limit`: the time limit as written."""
    output, errors = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    size = len(done.stdout) + len(done.stderr)
    if done.rc in _TIME_IS_UP and seconds >= timeout:
        detail = f"not finished within {limit}: it was ended"
    else:
        last = errors.strip().rpartition("\n")[2]
        detail = f"exit code {done.rc}{f': {last[:LONGEST]}' if last else ''}"
    is_done = done.rc == 0
    return Answer(
        outcome=StepOutcome.DONE if is_done else StepOutcome.FAILED,
        output=output,
        error_output=errors,
        size=size,
        exit_code=done.rc,
        detail="" if is_done else detail,
    )
