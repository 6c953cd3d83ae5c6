"""Targets of quality: a comparison, a number and its unit.

Comes in: what is written. Goes out: frozen values.
"""

from typing import Literal, assert_never

from opspact.structs import Struct

Comparison = Literal[">=", "<=", ">", "<", "="]
Unit = Literal["%", "seconds", ""]


class Target(Struct):
    """What a measured number is compared with: per cent, seconds, or a plain count (no unit); `text` as written."""

    text: str
    comparison: Comparison
    number: float
    unit: Unit

    def accepts(self, number: float) -> bool:
        """Given a measured number in the target's unit, return whether the target is met."""
        match self.comparison:
            case ">=":
                return number >= self.number
            case "<=":
                return number <= self.number
            case ">":
                return number > self.number
            case "<":
                return number < self.number
            case "=":
                return number == self.number
            case _:
                assert_never(self.comparison)

    def __str__(self) -> str:
        """Return the target as written."""
        return self.text
