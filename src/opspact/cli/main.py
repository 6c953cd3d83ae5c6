"""The program: arguments in, an exit code out; every error becomes words here, and only here.

Comes in: the command line. Goes out: an exit code (`errors.ExitCode`).

What nobody foresaw ends in one paragraph and, for a command that may have changed something, exit code 3 (look at the
ledger); for one that only reads, 2. The traceback is shown with `--debug`. A signal ends with 128 + its number, after
every session and lock has been let go; one that comes while the program is loaded too (`opspact.__main__`).
"""

import gc
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import typer
import typer.main

from opspact.cli import streams
from opspact.cli.application import application, with_globals_first
from opspact.cli.commands import COMMANDS
from opspact.cli.usage_errors import group_without_command, usage_error
from opspact.errors import ExitCode, OpspactError
from opspact.fleet import signals
from opspact.fleet.signals import EndedBySignal
from opspact.report.lines import line
from opspact.report.refusal import refusal_json, refusal_lines, signal_json
from opspact.report.screen import screen

_OBJECTS = 500_000
"""Objects made between two searches for garbage. Python's 700 has it search again and again, while it starts and while
a contract is read, through what stays to the end: a tenth of the time of `check`."""


def run(received: Sequence[int] = ()) -> NoReturn:
    """Given the signals that came before, be the program: end this process with the exit code."""
    gc.set_threshold(_OBJECTS, 20, 20)
    streams.set_up()
    code = main(sys.argv[1:], received)
    try:
        sys.stdout.flush()
    except OpspactError as error:
        sys.stderr.write(f"opspact: {error}\n")
        code = max(code, error.exit_code)
    gc.freeze()  # the process ends: nobody needs what its last searches for garbage would find
    sys.exit(code)


def main(argv: Sequence[str], received: Sequence[int] = ()) -> int:
    """Given the arguments without the program's name, do what they ask, and return the exit code.

    `received`: signals that came before; the first one ends it before anything is done.
    """
    arguments = with_globals_first(argv)
    try:
        with signals.raise_on_signal(received):
            return _carried_out(arguments)
    except OpspactError as error:
        return _report_error(error, arguments)
    except typer.TyperException as error:
        if missing := group_without_command(error):
            sys.stdout.write(missing[0] + "\n")
            return _report_error(missing[1], arguments)
        return _report_error(usage_error(error, arguments), arguments)
    except EndedBySignal as ended:
        code = ExitCode.SIGNAL + ended.number
        if _wants_json(arguments):
            sys.stdout.write(signal_json(str(ended), code))
        sys.stderr.write(f"opspact: {ended}\n")
        return code
    except Exception as error:  # noqa: BLE001 - the one place where everything that nobody foresaw ends
        return _unforeseen(error, arguments)


def _carried_out(arguments: list[str]) -> int:
    parser = typer.main.get_command(application(arguments))
    try:
        with parser.make_context("opspact", list(arguments)) as context:
            return int(parser.invoke(context) or ExitCode.CLEAN)
    except typer.Exit as end:
        return end.exit_code


def _report_error(error: OpspactError, arguments: Sequence[str]) -> int:
    """Tell an error raised on purpose: to people on standard error, on standard output to scripts that want JSON."""
    if "--debug" in arguments:
        traceback.print_exception(error)
    if _wants_json(arguments):
        sys.stdout.write(refusal_json(error))
    stderr = screen(sys.stderr, no_color="--no-color" in arguments)
    stderr.show(refusal_lines(error, width=stderr.width))
    return error.exit_code


def _wants_json(arguments: Sequence[str]) -> bool:
    before = zip(["", *arguments], arguments, strict=False)
    return any(word == "--format=json" or (last == "--format" and word == "json") for last, word in before)


def _unforeseen(error: Exception, arguments: Sequence[str]) -> int:
    acts = any(COMMANDS[word].acts for word in arguments if word in COMMANDS)
    if "--debug" in arguments:
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    state = "The command may have changed something: see `opspact ledger show`. " if acts else ""
    text = (
        f" {what} ({frame.filename.rpartition('opspact/')[2]}:{frame.lineno}). This is a bug in opspact, not in your "
        f"contract. {state}Please report it with the output of this command with --debug and of `opspact --version`."
    )
    screen(sys.stderr, no_color="--no-color" in arguments).show([line(("opspact: internal error:", "bad"), text)])
    return ExitCode.OPERATION_FAILED if acts else ExitCode.REFUSED
