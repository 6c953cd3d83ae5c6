"""The command line as typer parses it: global options, and the commands that are named in the arguments.

Comes in: arguments. Goes out: the parser for them.
"""

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.commands import COMMANDS, Entry
from opspact.cli.help_page import CommandWithHelp, GroupWithHelp
from opspact.cli.settings import PasswordSettings, Settings
from opspact.cli.version import version_line

_WITH_VALUE = ("--contract", "--ledger", "--become-password", "--ssh-password")
_FLAGS = (
    *("--trust-inventory", "--ask-become-pass", "--ask-pass", "--close-connections"),
    *("--debug", "--verbose", "--no-color", "--quiet", "-q"),
)
_VERBOSE = re.compile(r"-v{1,4}")
_TOGETHER = re.compile(r"-[vq]{2,}")
_HELP = {"help_option_names": ["-h", "--help"]}
_EPILOG = "Global options (see `opspact --help`) are accepted here too."


def application(arguments: Sequence[str]) -> typer.Typer:
    """Given arguments, return the application: every command is listed, those named in the arguments are real."""
    app = typer.Typer(
        name="opspact", cls=GroupWithHelp, add_completion=False, rich_markup_mode=None, context_settings=_HELP
    )
    app.callback()(global_options)
    for name, entry in COMMANDS.items():
        _add(app, name, entry, real=name in arguments and bool(entry.module))
    return app


def _add(app: typer.Typer, name: str, entry: Entry, *, real: bool) -> None:
    if not real:
        app.command(name, cls=CommandWithHelp, help=entry.summary)(_only_listed)
        return
    module = import_module(f"opspact.cli.{entry.module}")
    if entry.is_group:
        for inner in module.app.registered_commands:
            inner.cls, inner.epilog = CommandWithHelp, _EPILOG
        app.add_typer(module.app, cls=GroupWithHelp, name=name, help=entry.summary, epilog=_EPILOG)
    else:
        app.command(name, cls=CommandWithHelp, help=entry.summary, epilog=_EPILOG)(module.command)


def _only_listed() -> None:
    """Stand in `--help` for a command that is not imported."""


def print_version(wanted: bool) -> None:
    """Given whether `--version` was given, print the versions and end."""
    if wanted:
        sys.stdout.write(f"{version_line()}\n")
        raise typer.Exit


def global_options(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    contract: Annotated[
        Path | None,
        typer.Option(
            "--contract", metavar="DIR", help="The contract directory; default: the nearest parent with policies/."
        ),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option("--ledger", metavar="URL", help="The ledger: a path or postgresql://…; default: OPSPACT_LEDGER."),
    ] = None,
    trust_inventory: Annotated[
        bool, typer.Option("--trust-inventory", help="Allow inventory plugins and scripts to run.")
    ] = False,
    become_password: Annotated[
        str,
        typer.Option(
            "--become-password", metavar="REFERENCE", help="Reference to the sudo password, such as secret:vault:NAME."
        ),
    ] = "",
    ask_become_pass: Annotated[bool, typer.Option("--ask-become-pass", help="Prompt for the sudo password.")] = False,
    ssh_password: Annotated[
        str,
        typer.Option(
            "--ssh-password", metavar="REFERENCE", help="Reference to the SSH password, if keys are not accepted."
        ),
    ] = "",
    ask_pass: Annotated[bool, typer.Option("--ask-pass", help="Prompt for the SSH password.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks on errors.")] = False,  # noqa: ARG001 - read by main
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="More output from Ansible; up to four times.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show results and errors only, no progress.")] = False,
    close_connections: Annotated[
        bool,
        typer.Option("--close-connections", help="Close connections to hosts at the end, instead of after 60 s."),
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Disable coloured output.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does it, before a command is asked for
        bool, typer.Option("--version", is_eager=True, callback=print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep IT maintenance contracts as code: policies in git, converged hosts, evidence for every clause."""
    passwords = PasswordSettings(become_password, ask_become_pass, ssh_password, ask_pass)
    context.obj = Settings(contract, ledger, trust_inventory, verbose, no_color, passwords, quiet, close_connections)


def with_globals_first(arguments: Sequence[str]) -> list[str]:
    """Given arguments, return them with the global options moved to the front, wherever they were written.

    `help plan` is another way to write `plan --help`; the two words of `plan approve` become one argument.
    """
    first: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS or _VERBOSE.fullmatch(word) or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            first.append(word)
        elif _TOGETHER.fullmatch(word):
            first += [f"-{letter}" for letter in word[1:]]
        elif word in _WITH_VALUE:
            first += [word, *[value for value in [next(words, None)] if value is not None]]
        else:
            rest.append(word)
    if rest[:1] == ["help"]:
        rest = [*rest[1:], "--help"]
    if (name := " ".join(rest[:2])) in COMMANDS:
        rest = [name, *rest[2:]]
    return [*first, *rest]
