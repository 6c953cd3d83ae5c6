"""What rollout reports while it works; the command line shows it, pipelines keep it short.

In: what happens. Out: nothing. Implemented by `report.progress`.
"""

from typing import Protocol

from opspact.fleet.ansible import RunEvent


class ProgressListener(Protocol):
    """Notified of each stage and of what moves within it."""

    def stage(self, title: str, total: int) -> None:
        """A stage begins, with so many hosts; `title` comes before their number: `checking` 3 hosts."""

    def host(self, done: int, total: int, name: str) -> None:
        """A host is through, the `done`-th of `total`."""

    def event(self, event: RunEvent) -> None:
        """Ansible did something on a host."""

    def message(self, text: str) -> None:
        """Something worth a line."""
