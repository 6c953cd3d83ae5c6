"""What documents are resolved with: hosts of patterns, names of other documents, files of the contract.

Comes in: what was read. Goes out: answers to each kind's own part of resolving, and every problem met.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo

from opspact.errors import Problem
from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import NameUnknown, PatternRefused, select
from opspact.model.origin import Origin
from opspact.model.policy_index import PatternUse, Reference
from opspact.model.text import Text, complete_text
from opspact.model.time.calendar import ALWAYS
from opspact.schema import kinds
from opspact.schema.read import LocatedDocument
from opspact.schema.yaml.nodes import PathPart
from opspact.structs import Struct, field, replace
from opspact.text import suggestions

Document = TypeVar("Document", bound=kinds.AnyDocument)
Meaning = TypeVar("Meaning")

_BUILT_IN: Mapping[str, tuple[str, ...]] = MappingProxyType({"calendar": (ALWAYS,)})
"""Names that every contract has without a document, by kind."""
_NOUNS: Mapping[str, str] = MappingProxyType({"channels": "channels policy", "sla": "SLA"})
"""What one policy of a kind is called, where the kind's own word is a plural or an abbreviation."""


class Context(Struct, dict=True):
    """A contract as it is written; problems, references and host patterns are gathered, not raised."""

    files: Mapping[str, bytes]
    inventory: Inventory
    documents: tuple[LocatedDocument, ...]
    problems: list[Problem] = field(default_factory=list)
    references: set[Reference] = field(default_factory=set)
    patterns: list[PatternUse] = field(default_factory=list)

    @cached_property
    def contract(self) -> kinds.Contract:
        """The one document that is the contract's own."""
        (contract,) = self.of(kinds.Contract)
        return contract

    @cached_property
    def zone(self) -> ZoneInfo:
        """The contract's zone."""
        return ZoneInfo(self.contract.zone)

    def of(self, kind: type[Document]) -> list[Document]:
        """Given a kind's model, return its documents in the order of their names: their files mean nothing."""
        return [document for document, _ in self._of(kind)]

    def names(self, kind: str) -> Collection[str]:
        """Given a kind's word, return the names of its documents."""
        return self._by_kind.get(kind, {}).keys()

    def document(self, kind: str, name: str) -> "DocumentContext":
        """Given a kind's word and the name of one of its documents, return that document's context."""
        return DocumentContext(self, self._by_kind[kind][name])

    def resolve(
        self, kind: type[Document], resolve: "Callable[[Document, DocumentContext], Meaning]"
    ) -> dict[str, Meaning]:
        """Given a kind's model and what resolves one document of it, return what each means, in the order of names."""
        return {document.name: resolve(document, context) for document, context in self._of(kind)}

    def people_in(self, teams: Collection[str], people: Collection[str]) -> tuple[str, ...]:
        """Given names of teams and of people, return the people, each once, in the order of their names."""
        return tuple(
            person.name
            for person in self.of(kinds.Person)
            if person.name in people or not set(teams).isdisjoint(person.teams)
        )

    def people_called(self, names: Collection[str]) -> tuple[str, ...]:
        """Given names, each of a team or of a person, return the people, each once, in the order of their names."""
        return self.people_in(names, names)

    def _of(self, kind: type[Document]) -> "list[tuple[Document, DocumentContext]]":
        word = next(word for word, model in kinds.KINDS.items() if model is kind)
        return [
            (document, DocumentContext(self, located))
            for located in self._by_kind.get(word, {}).values()
            if isinstance(document := located.document, kind)
        ]

    @cached_property
    def _by_kind(self) -> Mapping[str, Mapping[str, LocatedDocument]]:
        """Every document by its kind's word and its name, in the order of names."""
        found: dict[str, dict[str, LocatedDocument]] = {}
        for located in sorted(self.documents, key=lambda each: each.document.name):
            found.setdefault(located.document.kind, {})[located.document.name] = located
        return found


class DocumentContext(Struct):
    """One document within the contract. Every path is one inside this document."""

    whole: Context
    located: LocatedDocument

    @property
    def policy(self) -> str:
        """The document as `kind/name`."""
        return f"{self.located.document.kind}/{self.located.document.name}"

    @property
    def text(self) -> Text:
        """What the document is called for people; its name where nothing is written."""
        return complete_text(self.located.document.text, self.located.document.name)

    def origin(self, *path: PathPart) -> Origin:
        """Given a path, return who asks for what is written there, and where; without one, for the whole document."""
        return Origin(self.policy, self.located.at(*(path or ("name",))), self.located.document.clauses)

    def problem(self, code: str, message: str, *path: PathPart, hint: str = "", missing: str = "") -> None:
        """Note what is wrong at a path; `missing`: what is named there and is not in the contract."""
        self.whole.problems.append(replace(self.located.problem(code, path, message, hint=hint), missing=missing))

    def hosts(self, pattern: str, *path: PathPart) -> tuple[str, ...]:
        """Given a pattern and where it is written, return the hosts it chooses; note a problem if it chooses none."""
        self.whole.patterns.append(PatternUse(self.policy, pattern, path))
        try:
            return select(pattern, self.whole.inventory)
        except PatternRefused as error:
            missing = f"host {error.part}" if isinstance(error, NameUnknown) else ""
            self.problem("OP100", str(error).partition("\n")[0], *path, hint=error.hint, missing=missing)
            return ()

    def hosts_within(self, hosts: Collection[str], pattern: str | None, *path: PathPart) -> frozenset[str] | None:
        """Given hosts and a pattern that limits something to some of them, return what the pattern chooses.

        None where there is no pattern. Note a problem if it leaves none of the hosts.
        """
        if pattern is None:
            return None
        chosen = self.hosts(pattern, *path)
        if chosen and hosts and set(hosts).isdisjoint(chosen):
            message = f'"{pattern}" matches none of the policy\'s hosts'
            self.problem("OP107", message, *path, hint="use a pattern that matches some of the policy's hosts")
        return frozenset(chosen)

    def host(self, name: str, *path: PathPart) -> str:
        """Given one host's name, return it; note a problem if the inventory does not have it."""
        known = self.whole.inventory.hosts
        if name not in known:
            hint = suggestions.did_you_mean(name, sorted(known))
            self.problem("OP103", f'unknown host "{name}"', *path, hint=hint, missing=f"host {name}")
        return name

    def refer(self, kinds_: str | tuple[str, ...], name: str, *path: PathPart) -> None:
        """Given a reference to a policy of a kind (or of one of several), note it.

        Note a problem with the nearest name if there is no such policy. Built-in names, such as the calendar `always`,
        are there without a document.
        """
        wanted = (kinds_,) if isinstance(kinds_, str) else kinds_
        for kind in wanted:
            if name in _BUILT_IN.get(kind, ()):
                return
            if name in self.whole.names(kind):
                self.whole.references.add(Reference(self.policy, f"{kind}/{name}", self.located.at(*path), path))
                return
        known = sorted({each for kind in wanted for each in [*self.whole.names(kind), *_BUILT_IN.get(kind, ())]})
        what = " or ".join(_NOUNS.get(kind) or kind.replace("_", " ") for kind in wanted)
        hint = suggestions.did_you_mean(name, known)
        missing = f"{'team or person' if {'team', 'person'}.issuperset(wanted) else what} {name}"
        self.problem("OP103", f'there is no {what} "{name}"', *path, hint=hint, missing=missing)

    def refer_each(self, kinds_: str | tuple[str, ...], names: Iterable[str], *path: PathPart) -> None:
        """Given the names of a list and where it is written, note each reference, as `refer` does."""
        for index, name in enumerate(names):
            self.refer(kinds_, name, *path, index)

    def file(self, name: str, *path: PathPart) -> bytes:
        """Given a file of the contract, return its bytes; note a problem if it is not there."""
        files = self.whole.files
        if name not in files:
            known = [path for path in files if not path.startswith(("policies/", "inventory/", "runbooks/"))]
            self.problem("OP104", f'no such file "{name}"', *path, hint=suggestions.did_you_mean(name, known))
        return files.get(name, b"")
