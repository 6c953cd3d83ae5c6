"""The kind `override`, as it is meant: a swap or a leave.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from datetime import datetime

from opspact.model.origin import Origin
from opspact.structs import Struct


class Override(Struct):
    """Somebody is away from rosters (empty: from all of them); instants in UTC, half open."""

    name: str
    rosters: tuple[str, ...]
    start: datetime
    end: datetime
    away: str
    instead: str | None
    reason: str
    origin: Origin

    def touches(self, roster: str) -> bool:
        """Given a roster's name, return whether it is meant."""
        return not self.rosters or roster in self.rosters
