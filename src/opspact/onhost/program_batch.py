"""The program that runs other programs of Python, each as often as it is asked for, and a script beside them.

In: JSON on standard input: `script`, for sh (empty: none); `programs`, for each its text and the arguments of its runs.
Out: JSON: `script`, what it wrote on standard output and standard error; `programs`, for each a list, for each run its
exit status and what it wrote (bytes as Latin-1); what is missing at an end was not run to its end, or is too much. A
program has a process of its own, in which its runs come one after the other: it may leave nothing behind there that its
next run notices. All is said at once in the end. Sent by verify as text; runs on hosts: python3, 3.9 or newer, and
nothing else.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from types import CodeType

LIMIT = 40  # seconds for all: who asks waits a minute
LARGEST = 4_000_000  # bytes of what is said: who asks takes in 64 MiB, and a byte may be written as six
LARGEST_FILE = 16 * LARGEST  # bytes that one may write at all: files in memory would fill that of the host


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


def run_all(text: str, runs: list[list[str]], answers: int) -> None:
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


def run_script(text: str, output: int, errors: int) -> None:
    """Be a shell that runs a script."""
    for number in (signal.SIGALRM, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two, and so would sh
        signal.signal(number, signal.SIG_DFL)
    script = os.memfd_create("script")
    os.write(script, text.encode("utf-8", "surrogateescape"))
    os.lseek(script, 0, os.SEEK_SET)
    for file, stream in ((script, 0), (output, 1), (errors, 2)):
        os.dup2(file, stream)
    os.execv("/bin/sh", ["/bin/sh", "-s"])  # noqa: S606 - each word is written here


def start(work: Callable[..., None], *given: object) -> int:
    """Do work in a process of its own; return its number."""
    process = os.fork()
    if process == 0:
        try:
            work(*given)
        finally:
            os._exit(1)
    return process


def main() -> None:
    """Run all that is asked for, and say what came of it."""
    given = json.load(sys.stdin)
    output, errors = os.memfd_create("output"), os.memfd_create("errors")
    programs = [(text, runs, os.memfd_create("answers")) for text, runs in given["programs"]]
    running = set()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE if most < 0 else min(LARGEST_FILE, most), most))
    signal.signal(signal.SIGALRM, time_up)
    signal.alarm(LIMIT)
    try:
        if given["script"]:
            running.add(start(run_script, given["script"], output, errors))
        for program in programs:
            running.add(start(run_all, *program))
        while running:
            running.discard(os.wait()[0])
    except TimeUp:
        pass
    signal.alarm(0)
    for process in running:
        os.kill(process, signal.SIGKILL)
    room = LARGEST
    answers: list[list[object]] = []
    for *_, file in programs:
        answers.append([])
        for line in content(file).split("\n")[:-1]:  # one that was not written to its end is none
            room -= len(line)
            if room >= 0:
                answers[-1].append(json.loads(line))
    script = [content(file)[: LARGEST // 2] for file in (output, errors)]
    sys.stdout.write(json.dumps({"script": script, "programs": answers}))


def time_up(*_: object) -> None:
    """Raise that time is up."""
    raise TimeUp


if __name__ == "__main__":
    main()
