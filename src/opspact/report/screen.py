"""Where lines are shown: a terminal, in colour and broken where it ends, or a file.

Comes in: lines, a stream. Goes out: what is written there.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from typing import TextIO

from opspact.report.lines import Line, plain
from opspact.structs import Struct

_USUAL = 80  # columns where a terminal does not say how many it has


class Screen(Struct):
    """Where lines are shown: a stream, whether in colour, and how wide (None: lines are not broken)."""

    stream: TextIO
    color: bool = False
    width: int | None = None

    def show(self, lines: Iterable[Line]) -> None:
        """Given lines, write them. What draws on terminals is loaded for a terminal only: a script need not wait."""
        if self.color or self.width is not None:
            import_module("opspact.report.terminal").show(self.stream, lines, color=self.color, width=self.width)
        else:
            self.stream.write(plain(lines))


def screen(stream: TextIO, *, no_color: bool = False) -> Screen:
    """Given a stream and the caller's wish, return its screen: colour on a terminal only, NO_COLOR and TERM=dumb kept.

    Lines are broken on a terminal, and where COLUMNS says how wide it is.
    """
    terminal = stream.isatty()
    color = terminal and not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Screen(stream, color, _width(stream, terminal=terminal))


def _width(stream: TextIO, *, terminal: bool) -> int | None:
    """Return where lines are broken (None: nowhere).

    The stream's own terminal is asked: `shutil` asks `sys.__stdout__`, from which `cli.streams` has taken it.
    """
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    if not terminal:
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:  # a terminal that was closed since
        return _USUAL
