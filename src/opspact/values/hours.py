"""Hours of a day.

Comes in: what is written. Goes out: frozen values.
"""

from typing import NamedTuple

_HOUR = 60


class Hours(NamedTuple):
    """From one minute of a day to another (0 to 1440), the last not included."""

    start: int
    end: int

    def __str__(self) -> str:
        """Return the hours as written."""
        return f"{clock_time(self.start)}-{clock_time(self.end)}"


DayHours = tuple[tuple[int, int], ...]
"""Hours of one day, each an `Hours` or the same as a plain pair, sorted and apart from each other."""

WHOLE_DAY: DayHours = (Hours(0, 24 * _HOUR),)


def clock_time(minute: int) -> str:
    """Given a minute of a day, return it by the clock: `09:00`."""
    return f"{minute // _HOUR:02}:{minute % _HOUR:02}"
