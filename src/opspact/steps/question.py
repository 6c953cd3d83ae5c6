"""How a step asks its host: one helper, so that a question that could not be asked is never taken for an answer.

In: a host, a script for sh and its words. Out: what the host answered, or ValueError: nobody knows. Why:
docs/decisions/0017-questions-and-restarts.md.
"""

import re
from collections.abc import Collection
from functools import cache
from shlex import join, quote

from opspact.steps.base import CheckedHost, Outcome

ABSENT = 8
"""The exit status of a look at a path at which nothing is."""

UNSAFE_LINK = 7
"""The exit status of a look at a path with a link that may be somebody else's; standard error says which."""

# A program that fails says something else, or ends with another status. uutils adds a number in parentheses.
ABOUT = """\
about() {
  if said=$(LC_ALL=C stat "$@" 2>&1); then
    printf '%s\\n' "$said"
  else
    case "$? $said" in
      "1 "*": No such file or directory" | "1 "*": Not a directory" | \\
      "1 "*": No such file or directory (os error "*")" | "1 "*": Not a directory (os error "*")") return 8 ;;
    esac
    printf '%s\\n' "$said" >&2
    return 1
  fi
}
"""
"""Defines `about OPTION… -- PATH` for sh: what stat(1) says, ABSENT when nothing is there, 1 when nobody knows."""

# Both ends of the pipe are looked at: a file that was read in part has a digest too.
DIGEST = """\
digest() {
  { ended=$({ { timeout 50 dd "if=$1" bs=1M iflag=nofollow,nonblock status=none; echo $? >&3; } |
    sha256sum >&4; } 3>&1) && [ "$ended" = 0 ]; } 4>&1
}
"""
"""Defines `digest PATH` for sh: the SHA-256 of a file in hex, opened without following a link and without waiting."""

PYTHON = ("python3", "-I", "-S")
"""How programs of ours are run on hosts: nothing of the login's environment or of site packages is read."""

_RUN = f'{" ".join(PYTHON)} -c "$@"'
_QUOTE = "'\"'\"'"  # how `join` writes a quotation mark
_WORD = re.compile(rf"'((?:[^']++|{_QUOTE})*+)'|([^\s']++)")


def ask(host: CheckedHost, script: str, *words: str, failure: str, no: Collection[int] = ()) -> Outcome:
    """Given a host, a script for sh and its arguments, return what came of it; `no`: exit statuses that are an answer.

    Raise ValueError, `failure` and the reason, when it ends in any other way: the question could not be asked.
    """
    return _answered(host, f"set -- {join(words)}\n{script}", failure=failure, no=no)


def _answered(host: CheckedHost, command: str, *, failure: str, no: Collection[int]) -> Outcome:
    outcome = host.run(command)
    if outcome.rc == 0 or outcome.rc in no:
        return outcome
    raise ValueError(f"{failure}: {reason(outcome)}")


def ask_program(host: CheckedHost, program: str, *words: str, failure: str, no: Collection[int] = ()) -> Outcome:
    """Given a host, a program of Python and its arguments, return what came of it; `no`: exit statuses as for `ask`.

    Raise ValueError as `ask` does. Several programs that are asked for together share one start of Python (`verify`).
    """
    return _answered(host, f"set -- {_quoted(program)} {join(words)}\n{_RUN}", failure=failure, no=no)


@cache
def _quoted(program: str) -> str:
    """Return a program as a word of the shell; each of thousands of hosts is asked with the same few."""
    return quote(program)


def program_of(command: str) -> tuple[str, ...]:
    """Given a command, return the program that it runs and its arguments; nothing when it is not of `ask_program`."""
    if not (command.startswith("set -- ") and command.endswith(f"\n{_RUN}")):
        return ()
    words = _WORD.finditer(command, len("set -- "), len(command) - len(_RUN) - 1)
    return tuple(word[1].replace(_QUOTE, "'") if word[2] is None else word[2] for word in words)


def reason(outcome: Outcome) -> str:
    """Given what failed, return the last thing that it said, or how it ended."""
    said = outcome.stderr.strip().rpartition("\n")[2][-200:]
    return said or f"exit status {outcome.rc}"
