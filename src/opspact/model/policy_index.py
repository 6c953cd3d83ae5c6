"""The policies as a whole: who says what, where each field stands, who names whom.

Comes in: what resolving noted. Goes out: an index for rules, traces and messages.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.model.strength import Strength
from opspact.structs import Struct

KEEPS_NO_CLAUSE = frozenset({"accepted", "calendar", "clause", "contract", "known_drift", "override", "runbook_test"})
"""Kinds that keep no clause by themselves: others that do rest on them."""


class Lines(Protocol):
    """A document as written, able to tell where its fields stand."""

    def at(self, *path: str | int) -> Place:
        """The place of a field, or of its nearest written parent."""

    def last_line(self, *path: str | int) -> int:
        """The line on which a field's value ends."""

    def source_line(self, line: int) -> str:
        """A written line, fit for showing."""

    def digest(self) -> str:
        """The SHA-256, in hex, of what the document says, without comments and layout."""


class Policy(Struct, eq=False):
    """One document: its kind and name, the clauses that it keeps, where its fields stand and what they promise."""

    kind: str
    name: str
    origin: Origin
    lines: Lines
    measure: Callable[[], Iterable[Strength]] = tuple

    def __str__(self) -> str:
        """Return `kind/name`."""
        return f"{self.kind}/{self.name}"

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """How much each of its fields promises; measured on demand: only a comparison asks."""
        return tuple(self.measure())

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the document's own text: another text is another policy, for evidence of it."""
        return self.lines.digest()


class Reference(Struct, order=True):
    """One policy that names another: both as `kind/name`, where, and at which path of the first."""

    by: str
    to: str
    place: Place
    path: tuple[str | int, ...] = ()


class PatternUse(Struct, order=True):
    """A host pattern in a policy (`kind/name`), and at which path of it."""

    by: str
    pattern: str
    path: tuple[str | int, ...]


class PolicyIndex(Struct):
    """Every policy by `kind/name`, in that order, every reference between them, every host pattern in them."""

    policies: Mapping[str, Policy]
    references: tuple[Reference, ...]
    patterns: tuple[PatternUse, ...] = ()

    def of(self, kind: str) -> tuple[Policy, ...]:
        """Given a kind, return its policies in the order of their names."""
        return tuple(policy for policy in self.policies.values() if policy.kind == kind)
