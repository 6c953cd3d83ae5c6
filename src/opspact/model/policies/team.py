"""The kind `team`, as it is meant: a part of the organisation, with its size and duties.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct


class Bounds(Struct):
    """How many there must be: at least, and at most (None: no matter)."""

    least: int
    most: int | None

    def __contains__(self, number: int) -> bool:
        """Whether a number is within."""
        return self.least <= number and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        """Return them in words."""
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"


class Team(Struct):
    """A part of the organisation; people say that they are in it."""

    name: str
    text: Text
    headcount: Bounds | None
    duties: tuple[Text, ...]
    origin: Origin
