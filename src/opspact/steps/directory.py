"""A directory exists, with owner, group and mode.

In: a path from a policy. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.stat import foreign_type, not_a_directory, ownership, stat
from opspact.steps.symlink_guard import guard
from opspact.steps.traits import LeavesRemains
from opspact.values.secret import Secrets


@dataclass(frozen=True, kw_only=True)
class Directory(Step, LeavesRemains):
    """The directory exists; what is in it is other steps' business."""

    kind: ClassVar[str] = "directory"
    rank: ClassVar[int] = 30
    question: ClassVar[str] = "is it present, with its owner, group and mode?"

    path: str
    owner: str = "root"
    group: str = "root"
    mode: str = "0755"

    @property
    def subject(self) -> str:
        """Its path."""
        return self.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path."""
        return (self.path,)

    def tasks(self) -> tuple[Task, ...]:
        """Create it."""
        arguments = {
            "path": self.path,
            "state": "directory",
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
            "follow": False,
        }
        return (
            *guard(self.path),
            Task(f"Create directory {self.path}", "ansible.builtin.file", arguments),
        )

    def removal(self) -> tuple[Task, ...]:
        """Remove it if it is empty: what others put into it is not ours to delete."""
        word = quote(self.path)
        script = f"if [ -d {word} ] && ! [ -h {word} ]; then rmdir --ignore-fail-on-non-empty -- {word}; fi"
        arguments = {"cmd": script, "executable": "/bin/sh"}
        title = f"Remove directory {self.path} if it is empty"
        return (*guard(self.path), Task(title, "ansible.builtin.shell", arguments, {"changed_when": True}))

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        seen = stat(host, self.path)
        if seen is None:
            yield "does not exist"
        elif seen.type != "directory":
            yield not_a_directory(seen)
        else:
            yield from ownership(seen, owner=self.owner, group=self.group, mode=self.mode)

    def present(self, host: CheckedHost) -> bool:
        """Whether anything is at the path."""
        return stat(host, self.path) is not None

    def is_removed(self, host: CheckedHost) -> bool:  # noqa: ARG002 - the kinds' common signature
        """Always: one that others have put something into stays, and that is right."""
        return True

    def remains(self, host: CheckedHost) -> str:
        """The directory with what others have put into it, or something else."""
        seen = stat(host, self.path)
        if seen is None:
            return ""
        return (
            "it contains something that opspact did not put there" if seen.type == "directory" else foreign_type(seen)
        )
