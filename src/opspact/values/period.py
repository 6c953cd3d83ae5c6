"""Periods: days from one to another.

Comes in: what is written. Goes out: frozen values.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from opspact.structs import Struct


class Period(Struct):
    """Days from the first to the last, both included."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Yield each day in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)

    def __str__(self) -> str:
        """Return the period as written; a single day alone."""
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
