"""What rollout tells while it works; the command line shows it, pipelines keep it short.

Comes in: what happens. Goes out: nothing. Implemented by report.progress, called by rollout.
"""

from typing import Protocol

from opspact.fleet.ansible import RunEvent


class Watch(Protocol):
    """Told of each stage and of what moves within it."""

    def stage(self, title: str, total: int) -> None:
        """A stage begins, with so many hosts."""

    def host(self, done: int, total: int, name: str) -> None:
        """A host is through, the `done`-th of `total`."""

    def event(self, event: RunEvent) -> None:
        """Ansible did something on a host."""

    def note(self, text: str) -> None:
        """Something worth a line."""
