"""What every step kind says: its identity, how it is made, how it is removed, how it is checked.

In: nothing. Out: the base class of the kinds beside this file, and the data they are written in. What only some kinds
say stands in `steps.traits`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

from opspact.model.origin import Origin, union
from opspact.structs import replace
from opspact.values.secret import Secrets


class Outcome(Protocol):
    """What a command on a host returned."""

    @property
    def rc(self) -> int:
        """The exit status."""

    @property
    def stdout(self) -> str:
        """Standard output, decoded."""

    @property
    def stderr(self) -> str:
        """Standard error, decoded."""


class CheckedHost(Protocol):
    """The part of `testinfra.host.Host` that steps use, so that no step imports testinfra."""

    def run(self, command: str) -> Outcome:
        """Given a command for sh, return its outcome, whatever its exit status. Steps ask through `question.ask`."""


class Template(str):
    """Text that Ansible is meant to template; every other text with braces is passed as `!unsafe`."""

    __slots__ = ()


class Obstacle(str):
    """A difference that apply does not fix: it would have to delete what somebody else put there.

    `found` says what it is: a `directory`, an `empty directory`, a `regular file`, a `symbolic link`, `fifo`, ….
    """

    __slots__ = ("found",)

    found: str

    def __new__(cls, words: str, found: str) -> Self:
        """Given the words of the difference and what was found, return both as one text."""
        text = super().__new__(cls, words)
        text.found = found
        return text


class StartDelay(str):
    """A difference that may pass by itself: something still starts, and may take `within` seconds for that."""

    __slots__ = ("within",)

    within: float

    def __new__(cls, words: str, within: float) -> Self:
        """Given the words of the difference and the seconds that it may last, return both as one text."""
        text = super().__new__(cls, words)
        text.within = within
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
    """One wanted fact about one host. Steps are equal when they want the same; `origins` do not count."""

    origins: tuple[Origin, ...] = field(default=(), compare=False)

    kind: ClassVar[str]
    """The kind's name in manifests and messages: `file`, `unit`."""
    rank: ClassVar[int]
    """The order of making: packages 10, accounts 20, memberships 25, directories 30, files 40, links 50, keys 60,
    repositories 70, units 80, rows of tables 85, answers 90."""
    question: ClassVar[str]
    """What `check` asks of the host, in words."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What on the host this is about: a path, a package's name. Two steps of one kind and subject are the same."""

    @abstractmethod
    def tasks(self) -> tuple[Task, ...]:
        """Return the standard tasks that make it so: idempotent, safe in check mode. Empty: follows from others."""

    @abstractmethod
    def removal(self) -> tuple[Task, ...]:
        """Return the tasks that remove it, whatever is left of it. Empty: there is nothing to remove."""

    @abstractmethod
    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:
        """Yield every difference between the host and what is wanted, as a short phrase; none means ok.

        One that apply must not fix is an `Obstacle` and names what to do.
        Raise LookupError when nobody can know (a secret is not available); a lost connection passes through.
        """

    @abstractmethod
    def present(self, host: CheckedHost) -> bool:
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
    def paths(self) -> tuple[str, ...]:
        """Paths on the host that are this step's alone: no step of another kind may want one of them."""
        return ()

    def is_removed(self, host: CheckedHost) -> bool:
        """Return whether a removal has done all that it may."""
        return not self.present(host)

    def merged(self, other: Self) -> Self | None:
        """Given another step of the same identity on the same host, return the one step that satisfies both.

        Return None when they contradict.
        """
        return replace(self, origins=union(self.origins, other.origins)) if self == other else None
