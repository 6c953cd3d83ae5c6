"""Recipients: who is notified, or answers.

Comes in: what is written. Goes out: frozen values.
"""

from opspact.structs import Struct


class Recipient(Struct):
    """Whoever is on a roster, everybody of a team, or one person (`kind`: `roster`, `team` or `person`)."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as written."""
        return f"{self.kind} {self.name}"

    @property
    def policy(self) -> str:
        """The policy that says who that is."""
        return f"{self.kind}/{self.name}"
