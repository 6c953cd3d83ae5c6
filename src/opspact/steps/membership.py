"""An account is in a group: a step of its own, so that a group which leaves the policy is revoked.

In: an account and a group from an access policy. Out: a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from opspact.steps.base import CheckedHost, Step, Task
from opspact.steps.closed_account import EndsWithAccount
from opspact.steps.question import ask, reason
from opspact.values.secret import Secrets


@dataclass(frozen=True, kw_only=True)
class Membership(Step, EndsWithAccount):
    """The account is in the supplementary group; other groups that it is in are left alone."""

    kind: ClassVar[str] = "membership"
    rank: ClassVar[int] = 25
    question: ClassVar[str] = "is the account in the group?"

    account: str
    group: str

    @property
    def subject(self) -> str:
        """The account and the group."""
        return f"{self.account} in {self.group}"

    @property
    def account_name(self) -> str:
        """The account."""
        return self.account

    def tasks(self) -> tuple[Task, ...]:
        """Add it."""
        arguments = {"name": self.account, "groups": [self.group], "append": True, "state": "present"}
        return (Task(f"Add {self.account} to group {self.group}", "ansible.builtin.user", arguments),)

    def removal(self) -> tuple[Task, ...]:
        """Remove it; an account or a group that does not exist any more is fine."""
        gone = "opspact_taken.rc not in [0, 3, 6]"  # gpasswd(1): 3, not a member or no such user; 6, no such group
        return (
            Task(
                f"Remove {self.account} from group {self.group}",
                "ansible.builtin.command",
                {"argv": ["gpasswd", "--delete", self.account, self.group]},
                {"register": "opspact_taken", "changed_when": "opspact_taken.rc == 0", "failed_when": gone},
            ),
        )

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield that it is not in the group."""
        if not self.present(host):
            yield "is not in the group"

    def present(self, host: CheckedHost) -> bool:
        """Whether it is in the group."""
        failure = f"cannot look up the groups of {self.account}"
        outcome = ask(host, 'LC_ALL=C id -nG -- "$1"', self.account, failure=failure, no=(1,))
        if self.group in outcome.stdout.split() or outcome.rc == 0:
            return self.group in outcome.stdout.split()
        # One status for an account that does not exist, for a group without a name among others, and for any failure.
        if "no such user" in outcome.stderr or _all_say(outcome.stderr, "cannot find name for group ID"):
            return False
        raise ValueError(f"{failure}: {reason(outcome)}")


def _all_say(words: str, phrase: str) -> bool:
    lines = words.splitlines()
    return bool(lines) and all(phrase in line for line in lines)
