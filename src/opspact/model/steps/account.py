"""A login account exists, with its groups and shell.

Comes in: a person, or a service's own account. Goes out: a step. Called by compile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from opspact.model.origin import union
from opspact.model.secret import Secrets
from opspact.model.steps.base import LookedAt, Step, Task

_NOBODY = 2  # getent's exit status for a name that it does not know


@dataclass(frozen=True, kw_only=True)
class Account(Step):
    """The account exists, without a password; `groups` are supplementary and others that it is in are left alone."""

    kind: ClassVar[str] = "account"
    rank: ClassVar[int] = 20

    name: str
    home: str
    comment: str = ""
    groups: tuple[str, ...] = ()
    shell: str = "/bin/bash"
    system: bool = False

    @property
    def subject(self) -> str:
        """The account's name."""
        return self.name

    def tasks(self) -> tuple[Task, ...]:
        """Create it or set it right."""
        arguments = {
            "name": self.name,
            "comment": self.comment,
            "home": self.home,
            "shell": self.shell,
            "groups": list(self.groups),
            "append": True,
            "system": self.system,
            "state": "present",
        }
        return (Task(f"Create account {self.name}", "ansible.builtin.user", arguments),)

    def removal(self) -> tuple[Task, ...]:
        """End its processes and remove it; the home directory stays, its data is not ours to delete."""
        return (
            Task(
                f"End the processes of {self.name}",
                "ansible.builtin.command",
                {"argv": ["pkill", "-KILL", "-U", self.name]},
                {"register": "opspact_ended", "changed_when": "opspact_ended.rc == 0", "failed_when": False},
            ),
            Task(
                f"Remove account {self.name}",
                "ansible.builtin.user",
                {"name": self.name, "state": "absent", "remove": False, "force": False},
            ),
        )

    def look(self, host: LookedAt, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield what is missing or different."""
        outcome = host.run("getent passwd %s && id -nG -- %s", self.name, self.name)
        if outcome.rc == _NOBODY:
            yield "does not exist"
            return
        if outcome.rc != 0:
            raise ValueError(f"cannot look up account {self.name}: {outcome.stderr.strip()}")
        entry, groups = outcome.stdout.splitlines()[:2]
        *_, home, shell = entry.split(":")
        if home != self.home:
            yield f"home is {home}, wanted {self.home}"
        if shell != self.shell:
            yield f"shell is {shell}, wanted {self.shell}"
        if missing := sorted(set(self.groups) - set(groups.split())):
            yield f"is not in {', '.join(missing)}"

    def present(self, host: LookedAt) -> bool:
        """Whether an account of that name exists."""
        return host.run("getent passwd %s", self.name).rc == 0

    def merged(self, other: Self) -> Self | None:
        """One account in both policies' groups, when they agree on the rest."""
        groups = tuple(sorted({*self.groups, *other.groups}))
        if replace(self, groups=groups) != replace(other, groups=groups):
            return None
        return replace(self, groups=groups, origins=union(self.origins, other.origins))
