"""A login account exists, with its home and shell.

Comes in: a person, or a service's own account. Goes out: a step. Called by compile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.model.secret import Secrets
from opspact.model.steps.base import LookedAt, Step, Task

_NOBODY = 2  # getent's exit status for a name that it does not know


@dataclass(frozen=True, kw_only=True)
class Account(Step):
    """The account exists, without a password. Its groups are steps of their own (`Membership`)."""

    kind: ClassVar[str] = "account"
    rank: ClassVar[int] = 20

    name: str
    home: str
    comment: str = ""
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
        outcome = host.run("getent passwd %s", self.name)
        if outcome.rc == _NOBODY:
            yield "does not exist"
            return
        if outcome.rc != 0:
            raise ValueError(f"cannot look up account {self.name}: {outcome.stderr.strip()}")
        _, _, _, _, _, home, shell = outcome.stdout.strip().split(":")
        if home != self.home:
            yield f"home is {home}, wanted {self.home}"
        if shell != self.shell:
            yield f"shell is {shell}, wanted {self.shell}"

    def present(self, host: LookedAt) -> bool:
        """Whether an account of that name exists."""
        return host.run("getent passwd %s", self.name).rc == 0
