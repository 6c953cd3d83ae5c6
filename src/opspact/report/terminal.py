"""Lines on a terminal: colours, and words that do not fit moved to the next line.

Comes in: lines, a stream, its width. Goes out: text with the signs that steer a terminal.
"""

import re
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
_WIDE = 2  # columns of a Chinese letter
_NEVER_FIRST = "，。、；：？！）》」』】〉…—～·％,.;:?!)]}>%"
_NEVER_LAST = "（《「『【〈([{<"
_LONGEST = 1_000_000
_COMMAND = re.compile(r"`[^`]+`")


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
        for text in _wrapped(one, width):
            console.print(text, soft_wrap=True)


def _wrapped(one: Line, width: int | None) -> Iterable[Text]:
    whole = Text()
    for part in one.parts:
        text, meaning = split(part)
        whole.append(text, STYLES[meaning])
    if width is None or whole.cell_len <= max(_NARROWEST, width - one.indent):
        return [Text(" " * one.indent) + whole]
    return _broken(one, whole, width=width)


def _broken(one: Line, whole: Text, *, width: int) -> Iterable[Text]:
    """Break at words and between Chinese letters; the rest of the line stands further in than its beginning."""
    room = max(_NARROWEST, width - one.indent)
    for number, piece in enumerate(whole.divide(_breaks(whole.plain, room, hang=one.hang))):
        piece.rstrip()
        yield Text(" " * (one.indent + (one.hang if number else 0))) + piece


def _breaks(text: str, room: int, *, hang: int) -> list[int]:
    """Return where the lines after the first begin, so that each fits: it into `room` columns, they into `hang` less.

    What has no place to break, such as a long path, is broken where the room ends. A command in backticks that fits
    into a line stays in one piece, so that it can be copied.
    """
    found: list[int] = []
    whole = {
        place
        for command in _COMMAND.finditer(text)
        if cell_len(command[0]) <= room - hang
        for place in range(command.start() + 1, command.end())
    }
    start, used, last = 0, 0, 0
    for place, character in enumerate(text):
        if place > start and place not in whole and _may_break(text[place - 1], character):
            last = place
        used += cell_len(character)
        if used > room and character != " ":
            start = last if last > start else place
            found.append(start)
            used = hang + cell_len(text[start : place + 1])
    return found


def _may_break(before: str, character: str) -> bool:
    """Return whether a line may end between two characters."""
    if before == " ":
        return character != " "
    has_wide = cell_len(before) == _WIDE or cell_len(character) == _WIDE
    return has_wide and character != " " and character not in _NEVER_FIRST and before not in _NEVER_LAST
