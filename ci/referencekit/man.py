"""The manual page of the program, for `man opspact`.

In: the command line's parser. Out: text for man(7).
"""

from collections.abc import Iterator
from typing import Any

import typer.main

from opspact.cli.application import application
from opspact.cli.commands import COMMANDS
from opspact.cli.help_page import help_record
from referencekit.commands import EXITS


def man_page() -> str:
    """Return the page."""
    parser = typer.main.get_command(application(list(COMMANDS)))
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: Any) -> Iterator[str]:
    yield ".TH OPSPACT 1"
    yield ".SH NAME"
    yield r"opspact \- the maintenance contract, kept by code"
    yield ".SH SYNOPSIS"
    yield ".B opspact"
    yield "[OPTION]... COMMAND [ARGUMENT]..."
    yield ".SH OPTIONS"
    with parser.make_context("opspact", [], resilient_parsing=True) as context:
        yield from _options(parser, context)
        yield ".SH COMMANDS"
        for name in parser.commands:
            yield from _command(parser.commands[name], name, context)
    yield ".SH EXIT STATUS"
    for code, words in EXITS.items():
        yield from (".TP", str(int(code)), _text(words))


def _command(command: Any, name: str, parent: Any) -> Iterator[str]:
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as context:
        yield f".SS {_text(' '.join(context.command_path.split()))}"
        yield _text(command.get_short_help_str(500))
        yield from _options(command, context)
        inner = getattr(command, "commands", {})
        for below in inner:
            yield from _command(inner[below], below, context)


def _options(command: Any, context: Any) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = help_record(parameter, context)
        if record is not None and "--help" not in record[0]:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]))


def _text(words: str) -> str:
    """Return words as roff shows them: no line of them is taken for a request."""
    text = " ".join(words.split()).replace("\\", r"\e").replace("-", r"\-").replace("`", "")
    text = "".join(letter if letter.isascii() else rf"\[u{ord(letter):04X}]" for letter in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text
