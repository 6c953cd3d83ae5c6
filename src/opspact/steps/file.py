"""A file holds exactly what the policy says.

In: a path and rendered content. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.model import names
from opspact.steps.base import CheckedHost, Step, Task, Template
from opspact.steps.content import Content
from opspact.steps.deletion import delete
from opspact.steps.restart import after_removal
from opspact.steps.stat import foreign_type, not_a_file, ownership, stat
from opspact.steps.symlink_guard import guard
from opspact.steps.systemd import reload_definitions
from opspact.steps.traits import LeavesRemains, ReadByUnits, RequiresSteps
from opspact.structs import replace
from opspact.values.secret import Secrets

_PER_HOST = Content("per host")


@dataclass(frozen=True, kw_only=True)
class File(Step, LeavesRemains, ReadByUnits, RequiresSteps):
    """The file exists with this content, owner, group and mode.

    `validate` is a command with `%s` for the new file, run before it takes its place. `restarts` and `reloads`
    name units that must have read the file as it is; they do so again when it is removed. It gives rights to
    `accounts`: it is not written while one of them cannot be made.
    """

    kind: ClassVar[str] = "file"
    rank: ClassVar[int] = 40
    question: ClassVar[str] = "is it present, with its content, owner, group and mode?"

    path: str
    content: Content
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    validate: str = ""
    restarts: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    @property
    def requires(self) -> tuple[str, ...]:
        """The accounts to which it gives rights."""
        return tuple(f"account {name}" for name in self.accounts)

    @property
    def subject(self) -> str:
        """Its path."""
        return self.path

    @property
    def shape(self) -> "File":
        """What hosts of one shape have in common in it: everything but the content, which may be each host's own."""
        return replace(self, content=_PER_HOST)

    @property
    def source(self) -> str:
        """The name of its content in the project's `files/`."""
        return self.content.stored_as(self.path)

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path."""
        return (self.path,)

    def tasks(self) -> tuple[Task, ...]:
        """Write it, whole, in one move."""
        return self.tasks_from(self.source)

    def tasks_from(self, source: str) -> tuple[Task, ...]:
        """Given a name in `files/` (or a Template that gives one), return the tasks that write it."""
        arguments: dict[str, object] = {
            "src": source,
            "dest": self.path,
            "owner": self.owner,
            "group": self.group,
            "mode": self.mode,
        }
        if self.validate:
            arguments["validate"] = self.validate
        return (*guard(self.path), Task(f"Write {self.path}", "ansible.builtin.copy", arguments))

    def removal(self) -> tuple[Task, ...]:
        """Delete it, then have systemd forget it."""
        return (
            *guard(self.path),
            delete(f"Delete {self.path}", self.path),
            *([reload_definitions()] if self.path.startswith(names.UNIT_FOLDER) else []),
        )

    def after_removal(self) -> tuple[Task, ...]:
        """Have the units that read it restart or reload."""
        return after_removal(self.path, self.restarts, self.reloads)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        seen = stat(host, self.path)
        if seen is None:
            yield "does not exist"
        elif not seen.is_file:
            yield not_a_file(host, self.path, seen)
        else:
            if seen.content != self.content.digest:
                yield f"content differs (SHA-256 {seen.content[:12]}…, expected {self.content.digest[:12]}…)"
            yield from ownership(seen, owner=self.owner, group=self.group, mode=self.mode)

    def present(self, host: CheckedHost) -> bool:
        """Whether anything is at the path."""
        return stat(host, self.path) is not None

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether no file is there any more; what another step put in its place is not ours."""
        seen = stat(host, self.path)
        return seen is None or not seen.is_file

    def remains(self, host: CheckedHost) -> str:
        """Something that is no file."""
        seen = stat(host, self.path)
        return foreign_type(seen) if seen and not seen.is_file else ""


def per_host_key(path: str) -> str:
    """Given a file's path, return its key in `opspact_files`, equal for equal paths alone.

    Plain letters, since Ansible doubles the backslashes of texts in templates: nothing could be escaped there.
    """
    return Content.of(path).stored_as(path)


def per_host_source(path: str) -> Template:
    """Given a file's path, return the expression that finds the host's own content name in its `host_vars`."""
    return Template("{{ opspact_files['" + per_host_key(path) + "'] }}")
