"""The program that runs other programs of Python, each as often as it is asked for, for one start of Python.

In: JSON on standard input: for each program its text and the arguments of its runs. Out: JSON: for each program a list,
for each run its exit status, standard output and standard error (bytes as Latin-1); what is missing at a list's end was
not run to its end. A program has a process of its own, in which its runs come one after the other: it may leave nothing
behind there that its next run notices. Sent by verify as text; runs on hosts: python3, 3.9 or newer, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from types import CodeType
from typing import NoReturn

LIMIT = 40  # seconds for all: who asks waits a minute


class TimeUp(Exception):  # noqa: N818 - named after what happened
    """No more time for those that go on."""


def run(code: CodeType, words: list[str]) -> int:
    """Given a program and arguments, run it; return its exit status, as Python ends."""
    sys.argv = ["-c", *words]
    try:
        exec(code, {"__name__": "__main__"})  # noqa: S102 - what this program is for
    except SystemExit as end:
        if not isinstance(end.code, str):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - of whatever kind, as Python does
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def content(file: int) -> str:
    """Return all that was written to a file in memory; it is empty afterwards."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(os.dup(file), "rb") as whole:
        text = whole.read().decode("latin-1")
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    return text


def run_all(text: str, runs: list[list[str]], answers: int) -> NoReturn:
    """Given a program, run it with each of the arguments; write a line for each run, and end this process."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.memfd_create("stream"), stream)
    try:
        code = compile(text, "<string>", "exec", dont_inherit=True)
        for words in runs:
            status = run(code, words) & 255
            sys.stdout.flush()
            sys.stderr.flush()
            os.write(answers, json.dumps([status, content(1), content(2)]).encode() + b"\n")
    finally:
        os._exit(0)


def main() -> None:
    """Run all that is asked for, and say what came of each."""
    given = [(text, runs, os.memfd_create("answers")) for text, runs in json.load(sys.stdin)]
    running = set()
    signal.signal(signal.SIGALRM, time_up)
    signal.alarm(LIMIT)
    with contextlib.suppress(TimeUp):
        for text, runs, answers in given:
            process = os.fork()
            if process == 0:
                run_all(text, runs, answers)
            running.add(process)
        while running:
            running.discard(os.wait()[0])
    signal.alarm(0)
    for process in running:
        os.kill(process, signal.SIGKILL)
    json.dump([[json.loads(line) for line in content(answers).splitlines()] for _, _, answers in given], sys.stdout)


def time_up(*_: object) -> NoReturn:
    """Raise that time is up."""
    raise TimeUp


if __name__ == "__main__":
    main()
