"""A file holds a secret that policies only name.

In: a path and a secret's reference. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from opspact.model.names import secret_expression
from opspact.steps.base import CheckedHost, Step, Task, Template
from opspact.steps.deletion import delete
from opspact.steps.stat import foreign_type, not_a_file, ownership, stat
from opspact.steps.symlink_guard import guard
from opspact.steps.traits import HasSecrets, LeavesRemains
from opspact.values.secret import SecretReference, Secrets


@dataclass(frozen=True, kw_only=True)
class SecretFile(Step, HasSecrets, LeavesRemains):
    """The file contains the secret's text and nothing else; only its owner can read it."""

    kind: ClassVar[str] = "secret-file"
    rank: ClassVar[int] = 40
    question: ClassVar[str] = "does it contain the secret, and can only its owner read it?"

    path: str
    secret: SecretReference
    owner: str = "root"
    group: str = "root"

    @property
    def subject(self) -> str:
        """Its path."""
        return self.path

    @property
    def secrets(self) -> tuple[SecretReference, ...]:
        """The secret."""
        return (self.secret,)

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path."""
        return (self.path,)

    def tasks(self) -> tuple[Task, ...]:
        """Write it; neither the secret nor a difference is ever shown."""
        arguments = {
            "content": Template(secret_expression(self.secret)),
            "dest": self.path,
            "owner": self.owner,
            "group": self.group,
            "mode": "0600",
        }
        write = Task(f"Write secret {self.path}", "ansible.builtin.copy", arguments, {"no_log": True, "diff": False})
        return (*guard(self.path), write)

    def removal(self) -> tuple[Task, ...]:
        """Delete it."""
        return (*guard(self.path), delete(f"Delete secret {self.path}", self.path))

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:
        """Yield what is missing or different; digests are compared here and never shown."""
        seen = stat(host, self.path)
        if seen is None:
            yield "does not exist"
            return
        if not seen.is_file:
            yield not_a_file(host, self.path, seen)
            return
        yield from ownership(seen, owner=self.owner, group=self.group, mode="0600")
        if self.secret not in secrets:
            raise LookupError(f"secret {self.secret.key} is not available to compare with")
        if seen.content != sha256(secrets[self.secret].reveal().encode()).hexdigest():
            yield "content differs from the secret"

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
