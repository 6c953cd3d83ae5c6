"""Something listens on a TCP port: part of what «running normally» means.

Comes in: a port. Goes out: a step that only looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import LookedAt, Step, Task
from opspact.values.secret import Secrets


@dataclass(frozen=True, kw_only=True)
class PortAnswer(Step):
    """A socket listens on the TCP port, on whatever address."""

    kind: ClassVar[str] = "port"
    rank: ClassVar[int] = 90
    question: ClassVar[str] = "does anything listen there?"

    port: int

    @property
    def subject(self) -> str:
        """The port as `tcp/80`."""
        return f"tcp/{self.port}"

    def tasks(self) -> tuple[Task, ...]:
        """Nothing makes a listener; it follows from the units that are made."""
        return ()

    def removal(self) -> tuple[Task, ...]:
        """Nothing to take away."""
        return ()

    def look(self, host: LookedAt, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that nobody listens."""
        outcome = host.run("ss --no-header --listening --numeric --tcp %s", f"sport = :{self.port}")
        if outcome.rc != 0:
            raise ValueError(f"cannot list listening sockets: {outcome.stderr.strip()}")
        if not outcome.stdout.strip():
            yield "nothing listens"

    def present(self, host: LookedAt) -> bool:  # noqa: ARG002 - a listener is not a thing that opspact places
        """A listener is never in the way of anything."""
        return False
