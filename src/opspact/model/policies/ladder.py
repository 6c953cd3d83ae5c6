"""The kind `ladder`, as it is meant: who is notified, and who is next if nobody answers.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from datetime import timedelta

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.recipient import Recipient


class Rung(Struct):
    """One step of a ladder: who is notified after `wait`; the next after `acknowledge_within` (None: at once)."""

    tell: Recipient
    by: tuple[str, ...]
    wait: Duration | None
    acknowledge_within: Duration | None

    @property
    def wait_time(self) -> timedelta:
        """How long it waits before anybody is notified."""
        return self.wait.time if self.wait else timedelta()

    @property
    def acknowledge_time(self) -> timedelta:
        """How long it waits for an answer."""
        return self.acknowledge_within.time if self.acknowledge_within else timedelta()


class Ladder(Struct):
    """Who is notified, and who is next; `holds`: a step that reaches nobody waits until somebody is on duty."""

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
