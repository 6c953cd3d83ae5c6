"""A symbolic link points where the policy says.

In: a path and a target. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.deletion import delete
from opspact.steps.restart import after_removal
from opspact.steps.stat import foreign_type, not_a_link, stat
from opspact.steps.symlink_guard import guard
from opspact.steps.traits import LeavesRemains, ReadByUnits
from opspact.values.secret import Secrets


@dataclass(frozen=True, kw_only=True)
class Link(Step, LeavesRemains, ReadByUnits):
    """The path is a symbolic link to `target`, written literally; the target need not exist yet."""

    kind: ClassVar[str] = "link"
    rank: ClassVar[int] = 50
    question: ClassVar[str] = "does it point to its target?"

    path: str
    target: str
    restarts: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The path of the link."""
        return self.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path."""
        return (self.path,)

    def tasks(self) -> tuple[Task, ...]:
        """Create the link; a file in its place is replaced, a directory that is not empty is not."""
        arguments = {"path": self.path, "src": self.target, "state": "link", "force": True, "follow": False}
        return (
            *guard(self.path),
            Task(f"Link {self.path} to {self.target}", "ansible.builtin.file", arguments),
        )

    def removal(self) -> tuple[Task, ...]:
        """Remove the link."""
        return (*guard(self.path), delete(f"Remove link {self.path}", self.path))

    def after_removal(self) -> tuple[Task, ...]:
        """Have the units that read it restart or reload."""
        return after_removal(self.path, self.restarts, self.reloads)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        seen = stat(host, self.path)
        if seen is None:
            yield "does not exist"
        elif seen.type != "symbolic link":
            yield not_a_link(host, self.path, seen, target=self.target)
        elif seen.content != self.target:
            yield f"points to {seen.content}, expected {self.target}"

    def present(self, host: CheckedHost) -> bool:
        """Whether anything is at the path."""
        return stat(host, self.path) is not None

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether no link is there any more; what another step put in its place is not ours."""
        seen = stat(host, self.path)
        return seen is None or seen.type != "symbolic link"

    def remains(self, host: CheckedHost) -> str:
        """Something that is no link."""
        seen = stat(host, self.path)
        return foreign_type(seen) if seen and seen.type != "symbolic link" else ""
