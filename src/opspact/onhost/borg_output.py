#!/usr/bin/python3
"""Stand where borgmatic calls `borg`: be borg, and leave empty lines out of what it complains of.

Comes in: `borg_output.py ARGUMENT…`, those of borg. Goes out: what borg does, by the same process, whose end and whose
signals are borg's own. Run by borgmatic with the host's python3 (3.9 or newer).

Once borg has failed, borgmatic 1.7 reads what is left of its output only up to the first empty line; borg has some
between its lines, and the reason is often after them.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO


def leave_out_empty_lines(read: BinaryIO, write: BinaryIO) -> None:
    """Pass lines on until nobody writes any more."""
    for line in iter(read.readline, b""):
        if line.strip():
            write.write(line)
            write.flush()


def main(arguments: list[str]) -> None:
    """Become borg; what it complains of goes through a child of this process."""
    source, sink = os.pipe()
    if os.fork() == 0:
        os.close(sink)
        with os.fdopen(source, "rb") as read, os.fdopen(2, "wb", closefd=False) as write:
            leave_out_empty_lines(read, write)
        os._exit(0)
    os.dup2(sink, 2)
    os.close(sink)
    os.close(source)
    try:
        os.execvp("borg", ("borg", *arguments))  # noqa: S606 - the same process: its end and its signals are borg's
    except OSError as error:
        sys.stderr.write(f"borg cannot be started: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
