"""What a task prints itself, brought to its transcript; what others print meanwhile goes where it went.

Comes in: where the text of this thread goes. Goes out: nothing. Tasks of several hosts run side by side in threads,
and the program's own progress is printed beside them: each thread has its own place.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_HERE = threading.local()
_LOCK = threading.Lock()


class _Divided:
    """Stands for a stream of the process: writes to the place of the thread that prints, if it has one."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.users = 0

    def write(self, text: str) -> int:
        place: Callable[[str], None] | None = getattr(_HERE, "place", None)
        if place is None:
            return self.stream.write(text)
        place(text)
        return len(text)

    def _write_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    writelines = _write_all

    def __getattr__(self, name: str) -> Any:
        """Return everything else from the stream itself."""
        return getattr(self.stream, name)


@contextmanager
def redirect_prints(place: Callable[[str], None]) -> Iterator[None]:
    """Given where text goes, have what this thread prints go there."""
    for name in ("stdout", "stderr"):
        with _LOCK:
            if not isinstance(getattr(sys, name), _Divided):
                setattr(sys, name, _Divided(getattr(sys, name)))
            getattr(sys, name).users += 1
    before = getattr(_HERE, "place", None)
    _HERE.place = place
    try:
        yield
    finally:
        _HERE.place = before
        for name in ("stdout", "stderr"):
            with _LOCK:
                divided = getattr(sys, name)
                if isinstance(divided, _Divided):
                    divided.users -= 1
                    if not divided.users:
                        setattr(sys, name, divided.stream)
