"""The help of a command, in lines that fit the terminal.

Comes in: a command as the parser knows it. Goes out: text.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

from opspact.report.line_breaks import wrapped
from opspact.report.lines import Line, line
from opspact.report.screen import screen

_WIDEST = 80
_NAMES = 30
"""Columns that names take at most where descriptions stand beside them."""
_DESCRIPTIONS = 24
"""Columns that descriptions need to stand beside the names and not below."""
_SEVERAL = " <list[str]>"
"""What the parser says of an argument that may be given more than once."""


class CommandWithHelp(TyperCommand):
    """A command that shows its help so."""

    def get_help(self, ctx: Any) -> str:
        """Given its context, return its help."""
        return help_page(self, ctx)


class GroupWithHelp(TyperGroup):
    """A group of commands that shows its help so."""

    def get_help(self, ctx: Any) -> str:
        """Given its context, return its help."""
        return help_page(self, ctx)


def help_page(command: Any, context: Any) -> str:
    """Given a command and its context, return its help for the terminal that standard output is, or 80 columns."""
    width = min(screen(sys.stdout).width or _WIDEST, _WIDEST)
    return "\n".join(wrapped(_lines(command, context, width=width), width))


def help_record(parameter: Any, context: Any) -> tuple[str, str] | None:
    """Given a parameter and its context, return how it is written and what it means; None: it is not shown."""
    record = parameter.get_help_record(context)
    return (record[0].replace(_SEVERAL, "..."), record[1]) if record else None


def _lines(command: Any, context: Any, *, width: int) -> Iterator[Line]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield line(f"Usage: {context.command_path} {usage}", hang=7)
    yield line()
    yield line(command.help, indent=2, hang=0)
    records: dict[str, list[tuple[str, str]]] = {kind: [] for kind in ("argument", "option")}
    for parameter in command.get_params(context):
        if record := help_record(parameter, context):
            records[parameter.param_type_name].append(record)
    commands = [(name, of.help) for name, of in getattr(command, "commands", {}).items()]
    for heading, rows in (("Arguments", records["argument"]), ("Options", records["option"]), ("Commands", commands)):
        if rows:
            yield line()
            yield line(f"{heading}:")
            yield from _table(rows, width=width)
    if command.epilog:
        yield line()
        yield line(command.epilog, indent=2, hang=0)


def _table(rows: Iterable[tuple[str, str]], *, width: int) -> Iterator[Line]:
    """Yield rows of names and descriptions, these beside or below those."""
    rows = list(rows)
    names = min(max(len(name) for name, _ in rows), _NAMES) + 2
    if width - 2 - names < _DESCRIPTIONS:
        for name, description in rows:
            yield line(name, indent=2)
            yield line(description, indent=6, hang=0)
        return
    for name, description in rows:
        if len(name) + 2 > names:
            yield line(name, indent=2)
            yield line(description, indent=2 + names, hang=0)
        else:
            yield line(name.ljust(names), description, indent=2, hang=names)
