"""Shares of a whole.

Comes in: what is written. Goes out: frozen values.
"""

from opspact.structs import Struct


class Percent(Struct):
    """A share, from 0 to 100 per cent, and in `text` how it is written."""

    text: str
    value: float

    def __str__(self) -> str:
        """Return the share as written."""
        return self.text
