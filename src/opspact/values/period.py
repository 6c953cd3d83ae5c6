"""Periods: days from one to another.

Comes in: what is written. Goes out: frozen values.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from opspact.structs import Struct


class OpenPeriod(Struct):
    """Days from the first on: to the last, included, or without an end (None)."""

    first: date
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        """Return whether a day is one of them."""
        return self.first <= day and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        """Return the period as written."""
        return f"{self.first}..{self.last or ''}"


class Period(Struct):
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        """Return whether a day is one of them."""
        return self.first <= day <= self.last

    def days(self) -> Iterator[date]:
        """Yield each day in order."""
        for offset in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=offset)

    def __str__(self) -> str:
        """Return the period as written; a single day alone."""
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
