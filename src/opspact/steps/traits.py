"""What only some kinds of steps have: each trait is implemented by the kinds that need it, and read by one function.

In: a step of any kind. Out: what its kind says, or what holds for every other kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from typing import Self

from opspact.steps.base import CheckedHost, Step, Task
from opspact.values.secret import SecretReference


class HasSecrets(ABC):
    """A step that can be neither made nor checked without secrets."""

    @property
    @abstractmethod
    def secrets(self) -> tuple[SecretReference, ...]:
        """The secrets that it holds."""


def secrets_of(step: Step) -> tuple[SecretReference, ...]:
    """Given a step, return the secrets without which it can be neither made nor checked."""
    return step.secrets if isinstance(step, HasSecrets) else ()


class DependsOnHosts(ABC):
    """A step whose tasks and removal act on other hosts too, by delegation."""

    @property
    @abstractmethod
    def depends_on(self) -> tuple[str, ...]:
        """Names of the other hosts; their own work comes first."""

    @property
    @abstractmethod
    def required_on_hosts(self) -> tuple[str, ...]:
        """Identities of steps that must be present on those hosts before this one can be made."""


def depends_on(step: Step) -> tuple[str, ...]:
    """Given a step, return the names of the other hosts on which its tasks and its removal act."""
    return step.depends_on if isinstance(step, DependsOnHosts) else ()


def required_on_hosts(step: Step) -> tuple[str, ...]:
    """Given a step, return the identities of steps that must be present on the hosts on which it depends."""
    return step.required_on_hosts if isinstance(step, DependsOnHosts) else ()


class FollowsSteps(ABC):
    """A step that is made again after other steps of its host change (a unit after its files)."""

    @property
    @abstractmethod
    def follows(self) -> tuple[str, ...]:
        """Identities of those steps."""


def follows(step: Step) -> tuple[str, ...]:
    """Given a step, return the identities of the steps after whose change it must be made again."""
    return step.follows if isinstance(step, FollowsSteps) else ()


class ReadByUnits(ABC):
    """A step whose removal units must notice, once all else on the host is as it is wanted (a file's successor)."""

    @abstractmethod
    def after_removal(self) -> tuple[Task, ...]:
        """Return the tasks that have its units read that it is gone; they come after all that is made."""


def after_removal(step: Step) -> tuple[Task, ...]:
    """Given a step that was removed, return the tasks that come after all that is made on the host."""
    return step.after_removal() if isinstance(step, ReadByUnits) else ()


class RequiresSteps(ABC):
    """A step that is not made while another one of its host cannot be (keys of an account that is not a person's)."""

    @property
    @abstractmethod
    def requires(self) -> tuple[str, ...]:
        """Identities of those steps."""


def requires(step: Step) -> tuple[str, ...]:
    """Given a step, return the identities of the steps without which it is not made."""
    return step.requires if isinstance(step, RequiresSteps) else ()


class SharedSubject(ABC):
    """A step whose subject may be wanted in part by steps of another identity (keys of one account)."""

    @abstractmethod
    def remainder(self, wanted: Iterable[Step]) -> Self | None:
        """Given what is wanted on the host, return what a removal of this step may remove; None: nothing."""

    @abstractmethod
    def continues(self, other: Step) -> bool:
        """Return whether this step wants, under an identity of its own, something that the other wanted before."""

    @abstractmethod
    def conflicts(self, other: Step) -> bool:
        """Given a step of whatever kind, return whether not both can be so on one host."""


def conflicts(step: Step, other: Step) -> bool:
    """Given two steps, return whether not both can be so on one host: one thing, or one path, wanted differently."""
    if isinstance(step, SharedSubject):
        return step.conflicts(other)
    if isinstance(other, SharedSubject):
        return other.conflicts(step)
    if type(step) is type(other) and step.identity == other.identity:
        return step.merged(other) is None
    return not set(step.paths).isdisjoint(other.paths)


def remainder(step: Step, wanted: Iterable[Step]) -> Step | None:
    """Given a step that leaves and what is wanted on the host, return the part of it to remove; None: nothing."""
    return step.remainder(wanted) if isinstance(step, SharedSubject) else step


def continues(step: Step, other: Step) -> bool:
    """Return whether a step wants, under an identity of its own, something that the other wanted before."""
    return isinstance(step, SharedSubject) and step.continues(other)


class RequiredByOthers(ABC):
    """A step whose subject others on the host may need, whom opspact does not manage (a package)."""

    @abstractmethod
    def required_by(self, host: CheckedHost, leaving: Collection[str]) -> str:
        """Given the host and the identities of all that leaves with this, return why a removal must leave it in place.

        Empty: nothing else needs it. Raise ValueError when the host cannot say.
        """

    @abstractmethod
    def used_by(self, host: CheckedHost, wanted: Collection[Step]) -> str:
        """Given the host and steps wanted there, return the identity of one that would break without this; or nothing.

        Raise ValueError when the host cannot say.
        """


def required_by(step: Step, host: CheckedHost, leaving: Collection[str]) -> str:
    """Given a step, its host and the identities of all that leaves with it, return why it must stay; empty: it goes.

    Raise ValueError when the host cannot say.
    """
    return step.required_by(host, leaving) if isinstance(step, RequiredByOthers) else ""


def used_by(step: Step, host: CheckedHost, wanted: Collection[Step]) -> str:
    """Given a step that leaves, its host and steps wanted there, return the identity of one that would break without.

    Empty: none. Raise ValueError when the host cannot say.
    """
    return step.used_by(host, wanted) if isinstance(step, RequiredByOthers) else ""


class LeavesRemains(ABC):
    """A step whose removal may leave something where it was (a directory that others have filled)."""

    @abstractmethod
    def remains(self, host: CheckedHost) -> str:
        """Given the host after a removal, return why something stays where this was; empty: nothing does.

        Raise ValueError when the host cannot say.
        """


def remains(step: Step, host: CheckedHost) -> str:
    """Given a removed step and its host, return why something stays where it was; empty: nothing does.

    Raise ValueError when the host cannot say.
    """
    return step.remains(host) if isinstance(step, LeavesRemains) else ""


class KeepsState(ABC):
    """A step whose subject may stay when its policy goes, and which says so in words of its own."""

    @abstractmethod
    def reason_to_keep(self, *, made: bool) -> str:
        """Given whether opspact created it, return why it stays; empty: nothing of its kind speaks against removal."""


def reason_to_keep(step: Step, *, made: bool) -> str:
    """Given a step that leaves, and whether opspact created its subject, return what its kind says of why it stays."""
    return step.reason_to_keep(made=made) if isinstance(step, KeepsState) else ""


class NeverAdopted:
    """A step whose subject leaves with its policy, even when it existed before opspact."""


def can_be_adopted(step: Step) -> bool:
    """Return whether the subject of a step stays when its policy goes, if it existed before opspact."""
    return not isinstance(step, NeverAdopted)


class SlowCheck:
    """A step whose check takes more than moments or answers more than a few lines: it is not asked with others."""


def is_slow(step: Step) -> bool:
    """Return whether the check of a step takes its time."""
    return isinstance(step, SlowCheck)
