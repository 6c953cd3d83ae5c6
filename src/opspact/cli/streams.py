"""Standard output and error as they should be: any character can be written, and a closed pipe is no drama.

Comes in: the process's own streams. Goes out: better ones in their place.
"""

import errno
import io
import os
import sys
from typing import TextIO, cast

from opspact.errors import OperationFailed


class Output(io.TextIOWrapper):
    """A text stream. A reader that went away (`| head`, a terminal that was closed) is passed over in silence."""

    is_terminal = False
    """Whether a terminal was there when the program started; of one that was closed since, nobody can tell."""

    def write(self, text: str, /) -> int:
        """Given text, write it, and return its length. Raise OperationFailed when it cannot be kept (a full disk)."""
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Write out what waits. Raise OperationFailed when it cannot be kept."""
        if self.closed:
            return
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Send what is still to come nowhere, so that the end of the process does not complain again."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        if not (isinstance(error, BrokenPipeError) or (self.is_terminal and error.errno == errno.EIO)):
            raise OperationFailed(f"cannot write to standard output: {error.strerror}") from error


def set_up() -> None:
    """Put better streams in place of the process's own; ones that were closed before the start lead nowhere."""
    sys.stdout = _better(sys.stdout)
    sys.stderr = _better(sys.stderr)


def can_ask() -> bool:
    """Whether there is a terminal on which somebody reads questions and answers them."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _better(stream: TextIO | None) -> TextIO:
    if stream is None:
        return cast("TextIO", Output(io.FileIO(os.open(os.devnull, os.O_WRONLY), "w"), encoding="utf-8"))
    encoding, line_buffering = stream.encoding, cast("io.TextIOWrapper", stream).line_buffering
    is_terminal = stream.isatty()
    raw = cast("io.TextIOWrapper", stream).detach()
    output = Output(raw, encoding=encoding, errors="backslashreplace", line_buffering=line_buffering)
    output.is_terminal = is_terminal
    return output
