"""Lines on a terminal: colours, and words that do not fit moved to the next line.

Comes in: lines, a stream, its width. Goes out: text with the signs that steer a terminal.
"""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from opspact.report.line_breaks import line_breaks
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
_LONGEST = 1_000_000


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
        for text in _wrapped(one, width):
            console.print(text, soft_wrap=True)


def _wrapped(one: Line, width: int | None) -> Iterable[Text]:
    """Yield the lines of a line; the rest of it stands further in than its beginning."""
    whole = Text()
    for part in one.parts:
        text, meaning = split(part)
        whole.append(text, STYLES[meaning])
    breaks = line_breaks(whole.plain, width - one.indent, hang=one.hang) if width is not None else []
    for number, piece in enumerate(whole.divide(breaks)):
        if breaks:
            piece.rstrip()
        yield Text(" " * (one.indent + (one.hang if number else 0))) + piece
