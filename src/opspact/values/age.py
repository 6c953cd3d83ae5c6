"""Ages: how long something is kept, or how old it may be.

Comes in: what is written. Goes out: frozen values.
"""

from opspact.structs import Struct

_DAYS_IN_A_MONTH = 365.2425 / 12
_DAY = 86_400.0


class Age(Struct):
    """How long something is kept, or how old it may be: whole calendar months or else seconds; the other one is 0."""

    text: str
    months: int
    seconds: float

    @property
    def days(self) -> float:
        """The length in days, a month as long as it is on average (365.2425 / 12), for comparing."""
        return self.months * _DAYS_IN_A_MONTH + self.seconds / _DAY

    def __str__(self) -> str:
        """Return the age as written."""
        return self.text
