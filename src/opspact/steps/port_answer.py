"""Something listens on a TCP port: part of what "running normally" means.

In: a port. Out: a step that only checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.question import ask
from opspact.values.secret import Secrets


@dataclass(frozen=True, kw_only=True)
class PortAnswer(Step):
    """A socket listens on the TCP port, on whatever address."""

    kind: ClassVar[str] = "port"
    rank: ClassVar[int] = 90
    question: ClassVar[str] = "does anything listen on it?"

    port: int

    @property
    def subject(self) -> str:
        """The port as `tcp/80`."""
        return f"tcp/{self.port}"

    def tasks(self) -> tuple[Task, ...]:
        """None: a listener depends on units."""
        return ()

    def removal(self) -> tuple[Task, ...]:
        """None: there is nothing to remove."""
        return ()

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that nothing listens."""
        listening = 'ss --no-header --listening --numeric --tcp "$1"'
        outcome = ask(host, listening, f"sport = :{self.port}", failure="cannot list listening sockets")
        if not outcome.stdout.strip():
            yield "nothing listens"

    def present(self, host: CheckedHost) -> bool:  # noqa: ARG002 - a listener is not a thing that opspact places
        """A listener never exists by itself."""
        return False
