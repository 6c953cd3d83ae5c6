"""A Debian package is installed.

Comes in: a package name from a policy. Goes out: a step. Called by compile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from opspact.model.secret import Secrets
from opspact.model.steps.base import LookedAt, Step, Task

LISTS_VALID_SECONDS = 3600  # fresh enough to find a package; apt is asked for new lists only when older


def install(packages: Sequence[str]) -> Task:
    """Given packages, return the task that installs them in one go, with package lists no older than an hour."""
    arguments = {
        "name": packages[0] if len(packages) == 1 else list(packages),
        "state": "present",
        "update_cache": True,
        "cache_valid_time": LISTS_VALID_SECONDS,
    }
    return Task(f"Install {', '.join(packages)}", "ansible.builtin.apt", arguments)


@dataclass(frozen=True, kw_only=True)
class Package(Step):
    """The package is installed, in whatever version the host's sources give."""

    kind: ClassVar[str] = "package"
    rank: ClassVar[int] = 10

    name: str

    @property
    def subject(self) -> str:
        """The package's name."""
        return self.name

    def tasks(self) -> tuple[Task, ...]:
        """Install it."""
        return (install([self.name]),)

    def removal(self) -> tuple[Task, ...]:
        """Remove it; its configuration stays, as Debian does it. What else depends on it is never removed along."""
        arguments = {"name": self.name, "state": "absent", "autoremove": False}
        return (Task(f"Remove {self.name}", "ansible.builtin.apt", arguments),)

    def look(self, host: LookedAt, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that it is missing."""
        if not host.package(self.name).is_installed:
            yield "is not installed"

    def present(self, host: LookedAt) -> bool:
        """Whether it is installed."""
        return bool(host.package(self.name).is_installed)
