"""The kind `ladder`, as it is meant: who is notified, and who is next if nobody answers.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass

from opspact.model.origin import Origin
from opspact.model.text import Text


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told or answers: whoever is on a roster, everybody of a team, or one person (`kind`)."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as written."""
        return f"{self.kind} {self.name}"

    @property
    def policy(self) -> str:
        """The policy that says who that is."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder: who is told after `wait`; the next after `acknowledge_within`. Seconds."""

    tell: Recipient
    by: tuple[str, ...]
    wait: float
    acknowledge_within: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """Who is told, and who is next; `holds`: a step that reaches nobody waits until somebody is on duty."""

    name: str
    text: Text
    steps: tuple[Rung, ...]
    holds: bool
    repeat: int
    last_resort: Recipient | None
    origin: Origin

    @property
    def policy(self) -> str:
        """The policy that says so."""
        return f"ladder/{self.name}"
