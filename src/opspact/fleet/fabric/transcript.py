"""What a task of a fabfile did and printed, in the order of time.

Comes in: commands, their output, how they ended; what the task itself prints. Goes out: one text of limited length;
whether the host was lost meanwhile.
"""

import threading

from opspact.fleet.failures import HostLost
from opspact.steps.check import Reach

_LIMIT = 8 * 1024 * 1024
_CUT = "\n[output beyond 8 MiB is not recorded]\n"


class Transcript:
    """Grows by what several threads add."""

    def __init__(self) -> None:
        self.lost: HostLost | None = None
        """Why the host was lost; None: it was not."""
        self._parts: list[str] = []
        self._size = 0
        self._at_start = True
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Given a piece of output, add it."""
        with self._lock:
            self._add(text)

    def add_command(self, command: str) -> None:
        """Given a command that begins, add it on a line of its own."""
        self._line(f"$ {command}")

    def add_end(self, how: str) -> None:
        """Given how a command ended, add that on a line of its own."""
        self._line(f"[{how}]")

    def add_loss(self, lost: HostLost) -> None:
        """Given why a command has no end that is known, or none at all, add that; sudo's refusal loses no host."""
        self.add_end(lost.detail)
        if lost.reach is not Reach.NO_PRIVILEGE:
            self.lost = lost

    def _line(self, text: str) -> None:
        with self._lock:
            self._add(("" if self._at_start else "\n") + text + "\n")

    def _add(self, text: str) -> None:
        if not text or self._size > _LIMIT:
            return
        self._size += len(text)
        if self._size > _LIMIT:
            text = text[: len(text) - (self._size - _LIMIT)] + _CUT
        self._parts.append(text)
        self._at_start = text.endswith("\n")

    @property
    def text(self) -> str:
        """What was added so far."""
        with self._lock:
            return "".join(self._parts)
