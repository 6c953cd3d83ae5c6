"""What every step kind says: who it is, how it is made, how it is taken away, how it is looked at.

Comes in: nothing. Goes out: the base class of the kinds beside this file, and the data they are written in.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, Self

from opspact.model.origin import Origin, union
from opspact.steps.content import Content
from opspact.values.secret import SecretReference, Secrets


class Outcome(Protocol):
    """What a command on a host gave back."""

    @property
    def rc(self) -> int:
        """The exit status."""

    @property
    def stdout(self) -> str:
        """Standard output, decoded."""

    @property
    def stderr(self) -> str:
        """Standard error, decoded."""


class InstalledPackage(Protocol):
    """The part of testinfra's package module that steps use."""

    @property
    def is_installed(self) -> bool:
        """Whether the package is installed and configured."""


class LookedAt(Protocol):
    """The part of `testinfra.host.Host` that steps use, so that model does not import testinfra."""

    def run(self, command: str, *arguments: str) -> Outcome:
        """Given a shell command with `%s` for quoted arguments, return its outcome."""

    def package(self, name: str) -> InstalledPackage:
        """Given a package's name, return its module."""


class Template(str):
    """Text that Ansible is meant to template; every other text with braces is passed as `!unsafe`."""

    __slots__ = ()


class InTheWay(str):
    """A difference that apply does not mend: it would have to delete what somebody else put there.

    `stands` says what it is: a `directory`, an `empty directory`, a `regular file`, a `symbolic link`, `fifo`, ….
    """

    __slots__ = ("stands",)

    stands: str

    def __new__(cls, words: str, stands: str) -> Self:
        """Given the words of the difference and what stands in the way, return both as one text."""
        text = super().__new__(cls, words)
        text.stands = stands
        return text


POSITION = "opspact_position"
"""The variable that holds an item's place in its loop, from 0."""


@dataclass(frozen=True, slots=True)
class Task:
    """One standard Ansible task as data.

    `arguments` are the module's, `keywords` the task's own (`register`, `when`, `no_log`, …), in the order written.
    `in_loop`: which arguments read otherwise when the task is written as a loop with the same task of other steps (what
    an earlier one registered is then in its `results`, at `POSITION`). None: only what needs no care may be looped.
    """

    name: str
    module: str
    arguments: Mapping[str, object]
    keywords: Mapping[str, object] = field(default_factory=dict)
    in_loop: Mapping[str, Template] | None = None


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One wanted fact about one host. Equal steps want the same, whoever asked for it (`origins` do not count)."""

    origins: tuple[Origin, ...] = field(default=(), compare=False)

    kind: ClassVar[str]
    """The kind's name in manifests and messages: `file`, `unit`."""
    rank: ClassVar[int]
    """The order of making: packages 10, accounts 20, memberships 25, directories 30, files 40, links 50, keys 60,
    repositories 70, units 80, answers 90."""
    question: ClassVar[str]
    """What `look` asks of the host, in words: a step is one check, and this is it."""
    asks_briefly: ClassVar[bool] = True
    """Whether what `look` asks first takes but moments and is answered in a few lines: it is asked with others then."""
    adoptable: ClassVar[bool] = True
    """Whether a subject that was there before opspact stays when its policy goes."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What on the host this is about: a path, a package's name. Two steps of one kind and subject are the same."""

    @abstractmethod
    def tasks(self) -> tuple[Task, ...]:
        """Return the standard tasks that make it so: idempotent, safe in check mode. Empty: follows from others."""

    @abstractmethod
    def removal(self) -> tuple[Task, ...]:
        """Return the tasks that take it away, whatever is left of it. Empty: there is nothing to take away."""

    @abstractmethod
    def look(self, host: LookedAt, secrets: Secrets) -> Iterator[str]:
        """Yield every difference between the host and what is wanted, as a short phrase; none means in order.

        One that apply must not mend is an `InTheWay` and names the way out.
        Raise LookupError when it cannot be told (a secret not at hand); a lost connection passes through.
        """

    @abstractmethod
    def present(self, host: LookedAt) -> bool:
        """Return whether something of this subject exists on the host, in whatever state."""

    @property
    def identity(self) -> str:
        """The kind and the subject: `file /etc/motd`. Unique among a host's steps."""
        return f"{self.kind} {self.subject}"

    @property
    def order(self) -> tuple[int, str]:
        """Where this step stands among its host's steps."""
        return (self.rank, self.subject)

    @property
    def shape(self) -> Hashable:
        """What hosts of one shape have in common in this step; a kind with a value per host leaves that out."""
        return self

    @property
    def stored(self) -> Mapping[str, Content]:
        """What its tasks read from the project's `files/`, by name."""
        return {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths on the host that are this step's alone: no step of another kind may want one of them."""
        return ()

    @property
    def follows(self) -> tuple[str, ...]:
        """Identities of steps after whose change this one must be made again (a unit after its files)."""
        return ()

    def gone(self, host: LookedAt) -> bool:
        """Return whether a removal has done all that it may."""
        return not self.present(host)

    def remains(self, host: LookedAt) -> str:  # noqa: ARG002 - for the kinds that leave something
        """Given the host after a removal, return why something stays where this was; empty: nothing to tell."""
        return ""

    def left_by(self, wanted: Iterable["Step"]) -> Self | None:  # noqa: ARG002 - a kind with a share in something says more
        """Given what is wanted on the host, return what a removal of this step may take away; None: nothing."""
        return self

    def continues(self, other: "Step") -> bool:  # noqa: ARG002 - see above
        """Return whether this one wants, under an identity of its own, something that the other wanted before."""
        return False

    def needed(self, host: LookedAt, leaving: Collection[str]) -> str:  # noqa: ARG002 - for the kinds others lean on
        """Given the host and the identities of all that leaves with this, return why a removal must leave it in place.

        Empty: nothing else needs it.
        """
        return ""

    @property
    def needs(self) -> tuple[SecretReference, ...]:
        """The secrets without which it can be neither made nor judged."""
        return ()

    @property
    def leans_on(self) -> tuple[str, ...]:
        """Names of other hosts that must be made first, and that its tasks and its removal reach by delegation."""
        return ()

    @property
    def needs_there(self) -> tuple[str, ...]:
        """Identities of steps that must be there, on those other hosts, before this one can be made."""
        return ()

    def merged(self, other: Self) -> Self | None:
        """Given another step of the same identity on the same host, return the one step that satisfies both.

        Return None when they contradict.
        """
        return replace(self, origins=union(self.origins, other.origins)) if self == other else None
