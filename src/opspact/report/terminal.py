"""Lines on a terminal: colours, and words that do not fit moved to the next line.

Comes in: lines, a stream, its width. Goes out: text with the signs that steer a terminal.
"""

from collections.abc import Iterable
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from opspact.report.lines import Line, split

STYLES = {
    "": "",
    "title": "bold",
    "good": "green",
    "bad": "bold red",
    "doubt": "yellow",
    "quiet": "dim",
}
"""The meanings that words can have, and their colours on a terminal."""

_NARROWEST = 10
_LONGEST = 1_000_000


def columns(text: str) -> int:
    """Given text, return how many columns of a terminal it takes: a Chinese letter takes two."""
    return cell_len(text)


def show(stream: TextIO, lines: Iterable[Line], *, color: bool, width: int | None) -> None:
    """Given lines, write them, in colour or not, broken where the width in columns ends (None: nowhere)."""
    console = Console(
        file=stream,
        force_terminal=color,
        color_system="standard" if color else None,
        width=width or _LONGEST,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for one in lines:
        for text in _wrapped(one, console, width):
            console.print(text, soft_wrap=True)


def _wrapped(one: Line, console: Console, width: int | None) -> Iterable[Text]:
    whole = Text()
    for part in one.parts:
        text, meaning = split(part)
        whole.append(text, STYLES[meaning])
    if width is None or whole.cell_len <= max(_NARROWEST, width - one.indent):
        return [Text(" " * one.indent) + whole]
    return _broken(one, whole, console, width=width)


def _broken(one: Line, whole: Text, console: Console, *, width: int) -> Iterable[Text]:
    """Break at words; the rest of the line stands further in than its beginning."""
    room = max(_NARROWEST, width - one.indent - one.hang)
    for number, piece in enumerate(whole.wrap(console, room, overflow="fold")):
        piece.rstrip()
        yield Text(" " * (one.indent + (one.hang if number else 0))) + piece
