"""What is at hand while documents become a contract: the documents themselves, hosts of patterns, names, files.

Comes in: what was read. Goes out: answers to the kinds' own parts of resolving, and every problem met.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from opspact.errors import Problem
from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import PatternRefused, select
from opspact.model.origin import Origin
from opspact.model.policy_index import PatternUse, Reference
from opspact.model.time.calendar import ALWAYS
from opspact.schema import kinds
from opspact.schema.read import Written
from opspact.schema.yaml.nodes import PathPart
from opspact.text import suggestions

Document = TypeVar("Document", bound=kinds.AnyDocument)

_BUILT_IN: Mapping[str, tuple[str, ...]] = MappingProxyType({"calendar": (ALWAYS,)})
"""Names that every contract has without a document, by kind."""


@dataclass(frozen=True)
class Resolving:
    """What is at hand; problems, references and host patterns are gathered, not raised."""

    tree: Mapping[str, bytes]
    inventory: Inventory
    documents: tuple[Written, ...]
    problems: list[Problem] = field(default_factory=list)
    references: set[Reference] = field(default_factory=set)
    patterns: list[PatternUse] = field(default_factory=list)

    def of(self, kind: type[Document]) -> list[tuple[Written, Document]]:
        """Return the documents of a kind in the order of their names: in which file they stand means nothing."""
        word = next(word for word, model in kinds.KINDS.items() if model is kind)
        return [(written, written.document) for written in self._by_kind.get(word, {}).values()]  # type: ignore[misc]  # the word is the kind's own

    def names(self, kind: str) -> Collection[str]:
        """Given a kind's word, return the names of its documents."""
        return self._by_kind.get(kind, {}).keys()

    @cached_property
    def _by_kind(self) -> Mapping[str, Mapping[str, Written]]:
        """Every document by its kind's word and its name, in the order of names."""
        found: dict[str, dict[str, Written]] = {}
        for written in sorted(self.documents, key=lambda each: each.document.name):
            found.setdefault(written.document.kind, {})[written.document.name] = written
        return found

    def problem(
        self, written: Written, code: str, message: str, *, path: tuple[PathPart, ...] = (), hint: str = ""
    ) -> None:
        """Note what is wrong at a path of a document."""
        self.problems.append(written.problem(code, path, message, hint=hint))

    def hosts(self, written: Written, pattern: str, *path: PathPart) -> tuple[str, ...]:
        """Given a pattern and where it is written, return the hosts it chooses; note a problem if it chooses none."""
        self.patterns.append(PatternUse(f"{written.document.kind}/{written.document.name}", pattern, path))
        try:
            return select(pattern, self.inventory)
        except PatternRefused as error:
            message = str(error).partition("\n")[0]
            self.problems.append(written.problem("OP100", path, message, hint=error.hint))
            return ()

    def host(self, written: Written, name: str, *path: PathPart) -> str:
        """Given one host's name, return it; note a problem if the inventory does not have it."""
        if name not in self.inventory.hosts:
            hint = suggestions.did_you_mean(name, sorted(self.inventory.hosts))
            self.problems.append(written.problem("OP103", path, f'there is no host "{name}"', hint=hint))
        return name

    def refer(self, written: Written, kinds_: str | tuple[str, ...], name: str, *path: PathPart) -> bool:
        """Given a reference to a policy of a kind (or of one of several), return whether it is there.

        Note the reference if it is, and a problem with the nearest name if it is not. Built-in names, such as the
        calendar `always`, are there without a document.
        """
        wanted = (kinds_,) if isinstance(kinds_, str) else kinds_
        for kind in wanted:
            if name in _BUILT_IN.get(kind, ()):
                return True
            if name in self.names(kind):
                document = written.document
                by = f"{document.kind}/{document.name}"
                self.references.add(Reference(by, f"{kind}/{name}", written.at(*path)))
                return True
        known = sorted({each for kind in wanted for each in [*self.names(kind), *_BUILT_IN.get(kind, ())]})
        what = " or ".join(kind.replace("_", " ") for kind in wanted)
        hint = suggestions.did_you_mean(name, known)
        self.problems.append(written.problem("OP103", path, f'there is no {what} "{name}"', hint=hint))
        return False

    def file(self, written: Written, name: str, *path: PathPart) -> bytes:
        """Given a file of the contract, return its bytes; note a problem if it is not there."""
        if name not in self.tree:
            files = [path for path in self.tree if not path.startswith(("policies/", "inventory/", "runbooks/"))]
            hint = suggestions.did_you_mean(name, files)
            self.problems.append(written.problem("OP104", path, f'there is no file "{name}"', hint=hint))
        return self.tree.get(name, b"")


def origin(written: Written, *path: PathPart) -> Origin:
    """Given a document and a path inside it, return who says so and where."""
    document = written.document
    place = written.at(*path) if path else written.at("name")
    return Origin(f"{document.kind}/{document.name}", place, document.clauses)
