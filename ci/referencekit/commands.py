"""The page of all commands and their options, as the parser knows them.

In: the command line's parser. Out: Markdown.
"""

from collections.abc import Iterator
from typing import Any

import typer.main

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS
from opspact.cli.help_page import help_record
from opspact.errors import ExitCode
from referencekit.words import cell

EXITS = {
    ExitCode.CLEAN: "no problems",
    ExitCode.FINDINGS: (
        "findings: a failed check, drift, something late, a host that `verify` or `plan --live` did not reach, "
        "or changes in a plan with `--exit-code`"
    ),
    ExitCode.REFUSED: "refused: invalid input or call; nothing was done",
    ExitCode.OPERATION_FAILED: "partly carried out, then failed; the ledger records what was done",
    ExitCode.NOTHING_FOUND: "nothing to do where something was expected",
    ExitCode.SIGNAL: "128 + the number of the signal that ended it, after cleaning up",
}


def commands_page() -> str:
    """Return the page."""
    parser = typer.main.get_command(application(list(COMMANDS)))
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: Any) -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "The options of `opspact` itself can be written before or after the command. `--help` shows the same text."
    yield from _command(parser, "opspact", None)
    yield ""
    yield "## Exit codes"
    yield ""
    yield "| code | means |"
    yield "|---|---|"
    yield from (f"| {int(exit_code)} | {words} |" for exit_code, words in EXITS.items())


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        parameters = [help_record(parameter, context) for parameter in command.get_params(context)]
        records = [each for each in parameters if each is not None and "--help" not in each[0]]
        inner = getattr(command, "commands", {})
        yield ""
        yield f"{'##' if parent is None or parent.parent is None else '###'} {context.command_path}"
        yield ""
        yield str(command.get_short_help_str(500))
        if records:
            yield ""
            yield "| option | description |"
            yield "|---|---|"
            yield from (f"| `{cell(option)}` | {cell(words)} |" for option, words in records)
        for below in inner:
            yield from _command(inner[below], below, context)
