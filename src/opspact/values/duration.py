"""Durations: lengths of time, on the wall or on a calendar.

Comes in: what is written. Goes out: frozen values.
"""

from datetime import timedelta
from typing import Literal

from opspact.structs import Struct

DurationKind = Literal["elapsed", "business", "working_days"]
_MICROSECOND = timedelta(microseconds=1)


class Duration(Struct):
    """A length of time, and in `text` how it is written.

    `amount` is microseconds for `elapsed` (by the clock on the wall; a day has 24 h) and `business` (open time of a
    calendar), and whole days for `working_days`.
    """

    text: str
    kind: DurationKind
    amount: int

    @classmethod
    def from_time(cls, kind: Literal["elapsed", "business"], time: timedelta) -> "Duration":
        """Given a kind and a length, return the duration; nobody has written it, so it has no text."""
        return cls("", kind, time // _MICROSECOND)

    @property
    def time(self) -> timedelta:
        """The length; of working days there is none. Raise TypeError for them."""
        if self.kind == "working_days":
            raise TypeError("working days have no length without a calendar")
        return self.amount * _MICROSECOND

    @property
    def seconds(self) -> float:
        """The length in seconds. Raise TypeError for working days."""
        return self.time.total_seconds()

    @property
    def least(self) -> timedelta:
        """The time by the clock on the wall that passes at least until it ends, on any calendar."""
        return timedelta() if self.kind == "working_days" else self.time

    def __str__(self) -> str:
        """Return the duration as written."""
        return self.text
