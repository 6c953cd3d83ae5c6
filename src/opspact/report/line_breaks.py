"""Where lines are broken that do not fit on a terminal.

Comes in: text, columns. Goes out: places in it, or lines.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from opspact.report.lines import Line, split

_NARROWEST = 10
_WIDE = 2  # columns of a Chinese letter
_NEVER_FIRST = "，。、；：？！）》」』】〉…—～·％,.;:?!)]}>%"
_NEVER_LAST = "（《「『【〈([{<"
_WHOLE = re.compile(
    r"`[^`]+`|(?<=[·:] )(?:cd \S+ && )?opspact [^;\[]{1,50}?(?=$|;|  )"
    r"|(?<![!-~])(?:[!-~]*/[!-~]+|[!-~]*[0-9a-f]{32}[!-~]*)"
)
"""What is copied from a screen: commands, paths, digests. Broken by us, they would be copied in pieces."""


def columns(text: str) -> int:
    """Given text, return how many columns of a terminal it takes: a Chinese letter takes two."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else 1


def wrapped(lines: Iterable[Line], width: int) -> Iterator[str]:
    """Given lines and a width in columns, yield their text, broken at that width, without colour."""
    for one in lines:
        text = "".join(split(part)[0] for part in one.parts)
        starts = [0, *line_breaks(text, width - one.indent, hang=one.hang), len(text)]
        for number, (start, end) in enumerate(pairwise(starts)):
            yield (" " * (one.indent + (one.hang if number else 0)) + text[start:end]).rstrip()


def line_breaks(text: str, room: int, *, hang: int) -> list[int]:
    """Given text, return where its lines after the first begin: it fits into `room` columns, they into `hang` less.

    Lines end at words and between Chinese letters. A word without a place to break is broken where the room ends;
    what is copied never is, and is wider than the room at worst.
    """
    room = max(_NARROWEST, room)
    if columns(text) <= room:
        return []
    found: list[int] = []
    whole = {place for one in _WHOLE.finditer(text) for place in range(one.start() + 1, one.end())}
    start, used, last = 0, 0, 0
    for place, character in enumerate(text):
        if place > start and place not in whole and _may_break(text[place - 1], character):
            last = place
        used += columns(character)
        while used > room and place > start and character != " " and (last > start or place not in whole):
            start = last if last > start else place
            found.append(start)
            used = hang + columns(text[start : place + 1])
    return found


def _may_break(before: str, character: str) -> bool:
    """Return whether a line may end between two characters."""
    if before == " ":
        return character != " "
    has_wide = columns(before) == _WIDE or columns(character) == _WIDE
    return has_wide and character != " " and character not in _NEVER_FIRST and before not in _NEVER_LAST
