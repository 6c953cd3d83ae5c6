"""The page of all commands and their options, as the parser knows them.

Comes in: the command line's parser. Goes out: Markdown. Called by `pages`.
"""

from collections.abc import Iterator
from typing import Any

import typer.main

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS
from opspact.errors import ExitCode
from referencekit.words import cell

_EXITS = {
    ExitCode.CLEAN: "in order",
    ExitCode.FINDINGS: "findings: a check failed, drift, a plan with changes under `--exit-code`",
    ExitCode.REFUSED: "refused: the input or the call is wrong, nothing was done",
    ExitCode.OPERATION_FAILED: "carried out, and failed on the way; what was done is in the ledger",
    ExitCode.NOTHING_FOUND: "nothing was there to do where something was expected",
    ExitCode.SIGNAL: "128 and the number of the signal that ended it, after cleaning up",
}


def commands_page() -> str:
    """Return the page."""
    parser = typer.main.get_command(application(list(COMMANDS)))
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: Any) -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "The options of `opspact` itself may stand before or after the command. `--help` says the same on the spot."
    yield from _command(parser, "opspact", None)
    yield ""
    yield "## Exit codes"
    yield ""
    yield "| code | means |"
    yield "|---|---|"
    yield from (f"| {int(exit_code)} | {words} |" for exit_code, words in _EXITS.items())


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        parameters = [parameter.get_help_record(context) for parameter in command.get_params(context)]
        told = [each for each in parameters if each is not None and each[0] != "--help"]
        inner = getattr(command, "commands", {})
        yield ""
        yield f"{'##' if parent is None or parent.parent is None else '###'} {context.command_path}"
        yield ""
        yield str(command.get_short_help_str(500))
        if told:
            yield ""
            yield "| option | says |"
            yield "|---|---|"
            yield from (f"| `{cell(option)}` | {cell(words)} |" for option, words in told)
        for below in inner:
            yield from _command(inner[below], below, context)
