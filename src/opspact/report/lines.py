"""Lines for people: words with a meaning, an indentation, and how they are shown on a terminal or in a file.

Comes in: parts of text from the other modules of this layer. Goes out: lines, and their printing.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

from opspact.text.unicode import covered

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

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its meaning."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report. What does not fit on a terminal goes on below, `hang` columns further in."""

    parts: tuple[Part, ...] = ()
    indent: int = 0
    hang: int = 2

    @property
    def text(self) -> str:
        """The line as it stands in a file."""
        return (" " * self.indent + "".join(_split(part)[0] for part in self.parts)).rstrip()


def line(*parts: Part, indent: int = 0, hang: int = 2) -> Line:
    """Given parts, return their line. What others wrote is shown without characters that steer a terminal."""
    return Line(tuple((one_line(_split(part)[0]), _split(part)[1]) for part in parts), indent, hang)


def one_line(text: str) -> str:
    """Given text from anywhere, return it on one line, with signs in place of characters that cannot be seen."""
    return covered(text.replace("\r\n", "\n").replace("\n", " | ").replace("\t", " "))


def shortened(text: str, most: int = 600) -> str:
    """Given text from anywhere, return it on one line of at most `most` characters: its beginning and its end."""
    told = one_line(text)
    return told if len(told) <= most else f"{told[: most // 2]} … {told[-most // 2 :]}"


def plain(lines: Iterable[Line]) -> str:
    """Given lines, return them as text with their ends, unwrapped and uncoloured."""
    return "".join(f"{one.text}\n" for one in lines)


def _split(part: Part) -> tuple[str, str]:
    return (part, "") if isinstance(part, str) else part


@dataclass(frozen=True, slots=True)
class Screen:
    """Where lines are shown: a stream, whether in colour, and how wide (None: lines are not broken)."""

    stream: TextIO
    color: bool = False
    width: int | None = None

    def show(self, lines: Iterable[Line]) -> None:
        """Given lines, write them."""
        if not self.color and self.width is None:
            self.stream.write(plain(lines))
            return
        console = Console(
            file=self.stream,
            force_terminal=self.color,
            color_system="standard" if self.color else None,
            width=self.width or _LONGEST,
            highlight=False,
            markup=False,
            emoji=False,
        )
        for one in lines:
            for text in self._wrapped(one, console):
                console.print(text, soft_wrap=True)

    def _wrapped(self, one: Line, console: Console) -> Iterable[Text]:
        whole = Text()
        for part in one.parts:
            text, meaning = _split(part)
            whole.append(text, STYLES[meaning])
        if self.width is None:
            return [Text(" " * one.indent) + whole]
        first = max(_NARROWEST, self.width - one.indent)
        if whole.cell_len <= first:
            return [Text(" " * one.indent) + whole]
        return self._broken(one, whole, console)

    def _broken(self, one: Line, whole: Text, console: Console) -> Iterable[Text]:
        """Break at words; the rest of the line stands further in than its beginning."""
        assert self.width is not None, "only a screen with a width breaks lines"
        room = max(_NARROWEST, self.width - one.indent - one.hang)
        pieces = whole.wrap(console, room, overflow="fold")
        for number, piece in enumerate(pieces):
            piece.rstrip()
            yield Text(" " * (one.indent + (one.hang if number else 0))) + piece


def screen(stream: TextIO, *, no_color: bool = False) -> Screen:
    """Given a stream and the caller's wish, return its screen: colour on a terminal only, NO_COLOR and TERM=dumb kept.

    Lines are broken on a terminal, and where COLUMNS says how wide it is.
    """
    terminal = stream.isatty()
    color = terminal and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    measured = terminal or os.environ.get("COLUMNS", "").isdecimal()
    return Screen(stream, color, shutil.get_terminal_size().columns if measured else None)
