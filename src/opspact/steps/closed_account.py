"""The account of somebody who has left: nobody can use it in any way, whoever made it.

In: an account's name. Out: a step; and what the steps of an account have in common, which end with it. Why:
docs/decisions/0016-accounts.md.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from opspact.model.origin import union
from opspact.steps.base import CheckedHost, Obstacle, Step, Task
from opspact.steps.host_program import ACCOUNT_ACCESS
from opspact.steps.question import ask_program
from opspact.steps.traits import KeepsState, NeverAdopted, RequiresSteps, SharedSubject
from opspact.structs import replace
from opspact.values.secret import Secrets


def close_task(name: str, *, system: bool = False) -> Task:
    """Given an account's name, return the task that closes it; `system`: it is meant to be a system account.

    One that does not exist is fine. Fails, with what stays open, after it has closed all else.
    """
    words = ["close", name, *(["system"] if system else [])]
    return ACCOUNT_ACCESS.task(f"Close account {name}", *words)


class EndsWithAccount(SharedSubject, RequiresSteps):
    """A step of one account: the account itself, a group, keys. It ends when somebody wants the account closed."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """The step's identity."""

    @property
    @abstractmethod
    def account_name(self) -> str:
        """The account's name."""

    @property
    def requires(self) -> tuple[str, ...]:
        """The account."""
        return (f"account {self.account_name}",)

    def remainder(self, wanted: Iterable[Step]) -> Self | None:
        """Nothing, when the account is to be closed: that removes more."""
        return None if any(map(self._is_closed_by, wanted)) else self

    def continues(self, other: Step) -> bool:
        """Whether the account was closed, and somebody has returned."""
        return self._is_closed_by(other)

    def conflicts(self, other: Step) -> bool:
        """Whether the other closes the account, or wants the same thing differently."""
        if self._is_closed_by(other):
            return True
        same: object = self
        return self.identity == other.identity and other != same

    def _is_closed_by(self, step: Step) -> bool:
        return isinstance(step, ClosedAccount) and step.name == self.account_name


@dataclass(frozen=True, kw_only=True)
class ClosedAccount(Step, SharedSubject, NeverAdopted, KeepsState):
    """If there is such an account, nobody can use it. One that is wanted again is opened by its own step.

    `keys`: the person's public keys (base64), which must not log in to other accounts either; people remove them there.
    """

    kind: ClassVar[str] = "closed-account"
    rank: ClassVar[int] = 20
    question: ClassVar[str] = "can it be used in any way?"

    name: str
    keys: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The account's name."""
        return self.name

    def merged(self, other: Self) -> Self:
        """One account that several people had."""
        keys = tuple(sorted({*self.keys, *other.keys}))
        return replace(self, keys=keys, origins=union(self.origins, other.origins))

    def tasks(self) -> tuple[Task, ...]:
        """Close it."""
        return (close_task(self.name),)

    def removal(self) -> tuple[Task, ...]:
        """Nothing: a closed account stays closed."""
        return ()

    def reason_to_keep(self, *, made: bool) -> str:  # noqa: ARG002 - the kinds' common signature
        """It stays closed, whoever made it."""
        return "it stays closed"

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield every way in which it can be used."""
        match self._seen(host):
            case {"refused": str(refused), "open": list(ways)}:
                if refused:
                    yield Obstacle(refused, "account that is not closed")
                yield from map(str, ways)
            case _:
                raise ValueError(f"cannot check account {self.name}: unexpected answer")

    def present(self, host: CheckedHost) -> bool:
        """Whether there is such an account."""
        match self._seen(host):
            case {"exists": bool(exists)}:
                return exists
            case _:
                raise ValueError(f"cannot check account {self.name}: unexpected answer")

    def _seen(self, host: CheckedHost) -> object:
        failure = f"cannot check account {self.name}"
        outcome = ask_program(host, ACCOUNT_ACCESS.text, "look", self.name, *self.keys, failure=failure)
        return json.loads(outcome.stdout)

    def is_removed(self, host: CheckedHost) -> bool:  # noqa: ARG002 - the kinds' common signature
        """Always: it stays as it is."""
        return True

    def remainder(self, wanted: Iterable[Step]) -> None:
        """Nothing: it stays closed, or a step of its own opens it."""

    def continues(self, other: Step) -> bool:
        """Whether the other is of this account."""
        return isinstance(other, EndsWithAccount) and other.account_name == self.name

    def conflicts(self, other: Step) -> bool:
        """Whether the other gives something to this account."""
        return self.continues(other)
