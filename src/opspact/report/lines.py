"""Lines for people: words with a meaning, an indentation, and how they stand in a file.

Comes in: parts of text from the other modules of this layer. Goes out: lines, and their text.
"""

from collections.abc import Iterable

from opspact.structs import Struct
from opspact.text.unicode import covered

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its meaning."""


class Line(Struct):
    """One line of a report. What does not fit on a terminal goes on below, `hang` columns further in."""

    parts: tuple[Part, ...] = ()
    indent: int = 0
    hang: int = 2

    @property
    def text(self) -> str:
        """The line as it stands in a file."""
        return (" " * self.indent + "".join(split(part)[0] for part in self.parts)).rstrip()


def line(*parts: Part, indent: int = 0, hang: int = 2) -> Line:
    """Given parts, return their line. What others wrote is shown without characters that steer a terminal."""
    return Line(tuple((one_line(split(part)[0]), split(part)[1]) for part in parts), indent, hang)


def one_line(text: str) -> str:
    """Given text from anywhere, return it on one line, with signs in place of characters that cannot be seen."""
    return covered(text.replace("\r\n", "\n").replace("\n", " | ").replace("\t", " "))


def shortened(text: str, most: int = 600) -> str:
    """Given text from anywhere, return it on one line of at most `most` characters: its beginning and its end."""
    shown = one_line(text)
    return shown if len(shown) <= most else f"{shown[: most // 2]} … {shown[-most // 2 :]}"


def plain(lines: Iterable[Line]) -> str:
    """Given lines, return them as text with their ends, unwrapped and uncoloured."""
    return "".join(f"{one.text}\n" for one in lines)


def split(part: Part) -> tuple[str, str]:
    """Given a part, return its text and its meaning; empty for none."""
    return (part, "") if isinstance(part, str) else part
