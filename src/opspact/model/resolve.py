"""Documents → contract: every name looked up, every host pattern answered, all that is wrong said at once.

Comes in: a tree of files (path → bytes), and the inventory when it is not a plain one. Goes out: a frozen contract.
Called by cli and rollout, for what lies on disk and for what a commit holds. The bridge from schema to model.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from opspact.errors import Place, Problem, Refused
from opspact.model import resolve_parts as parts
from opspact.model.contract import Contract, Person, Text
from opspact.model.host import Inventory
from opspact.model.inventory import resolve_inventory
from opspact.model.origin import Origin
from opspact.model.pattern import PatternRefused, select
from opspact.schema import kinds, suggest
from opspact.schema.inventory import read_inventory
from opspact.schema.letters import escaped
from opspact.schema.nodes import PathPart
from opspact.schema.read import Written, read_policies

_HOST_NAME = re.compile(r"\w[\w.:@%+-]*")
"""A name that stands for itself in a file's name, in a template and on a command line."""

Document = TypeVar("Document", bound=kinds.AnyDocument)
Meaning = TypeVar("Meaning")


@dataclass(frozen=True)
class Resolving:
    """What is at hand while documents become a contract; problems are gathered, not raised."""

    tree: Mapping[str, bytes]
    inventory: Inventory
    problems: list[Problem] = field(default_factory=list)

    def hosts(self, written: Written, pattern: str, *path: PathPart) -> tuple[str, ...]:
        """Given a pattern and where it is written, return the hosts it chooses; note a problem if it chooses none."""
        try:
            return select(pattern, self.inventory)
        except PatternRefused as error:
            message = str(error).partition("\n")[0]
            self.problems.append(written.problem("OP100", path, message, hint=error.hint))
            return ()

    def known(self, written: Written, name: str, names: Iterable[str], *, path: tuple[PathPart, ...]) -> bool:
        """Given a reference and the names there are, return whether it is one of them; note a problem if not."""
        if name in (known := sorted(names)):
            return True
        what = str(path[-2] if isinstance(path[-1], int) else path[-1]).rstrip("s")
        hint = suggest.did_you_mean(name, known)
        self.problems.append(written.problem("OP103", path, f'there is no {what} "{name}"', hint=hint))
        return False

    def file(self, written: Written, name: str, *path: PathPart) -> bytes:
        """Given a file of the contract, return its bytes; note a problem if it is not there."""
        if name not in self.tree:
            files = [path for path in self.tree if not path.startswith(("policies/", "inventory/"))]
            hint = suggest.did_you_mean(name, files)
            self.problems.append(written.problem("OP104", path, f'there is no file "{name}"', hint=hint))
        return self.tree.get(name, b"")


def resolve(tree: Mapping[str, bytes], *, inventory: Inventory | None = None) -> Contract:
    """Given a contract's files, return what they mean.

    `inventory` stands in for the one in the tree where that is not a plain one. Raise Refused, with every problem and
    its place, when anything in policies or inventory is wrong.
    """
    problems: list[Problem] = []
    documents = _gathered(lambda: read_policies(tree), problems)
    hosts = inventory or _gathered(lambda: resolve_inventory(read_inventory(tree)), problems)
    if documents is None or hosts is None:
        raise _refused(problems)
    problems += _strange_names(hosts)
    at_hand = Resolving(tree, hosts, problems)
    contract = _contract(documents, at_hand)
    if problems:
        raise _refused(problems)
    return contract


def _strange_names(inventory: Inventory) -> Iterator[Problem]:
    """Yield the hosts whose names Ansible takes and a file system, a shell or a template could misunderstand."""
    for name in inventory.hosts:
        if not _HOST_NAME.fullmatch(name):
            message = f"a host cannot be called {escaped(name)!r}"
            hint = "letters, digits and _ . : @ % + -, beginning with a letter or digit; the address is ansible_host"
            yield Problem("OP108", Place("inventory"), message, hint=hint)


def _gathered(read: Callable[[], Meaning], problems: list[Problem]) -> Meaning | None:
    """Return what is read, or note its problems and return None. A refusal without problems of its own passes on."""
    try:
        return read()
    except Refused as error:
        if not error.problems:
            raise
        problems.extend(error.problems)
        return None


def _refused(problems: list[Problem]) -> Refused:
    number = len(problems)
    return Refused(f"{number} {'problem' if number == 1 else 'problems'} in what is written", problems)


def _of(documents: tuple[Written, ...], kind: type[Document]) -> list[tuple[Written, Document]]:
    """Return the documents of a kind in the order of their names: in which file they stand means nothing."""
    found = [(written, written.document) for written in documents if isinstance(written.document, kind)]
    return sorted(found, key=lambda item: item[1].name)


def _contract(documents: tuple[Written, ...], at_hand: Resolving) -> Contract:
    ((_, head),) = _of(documents, kinds.Contract)
    people = {document.name: _person(written, document) for written, document in _of(documents, kinds.Person)}
    teams = {document.name for _, document in _of(documents, kinds.Team)}
    for written, document in _of(documents, kinds.Person):
        for index, team in enumerate(document.teams):
            at_hand.known(written, team, teams, path=("teams", index))
    clauses = {document.name: parts.clause(document) for _, document in _of(documents, kinds.Clause)}
    if clauses:
        for written in documents:
            for index, name in enumerate(written.document.clauses):
                at_hand.known(written, name, clauses, path=("clauses", index))
    for written, service in _of(documents, kinds.Service):
        at_hand.known(written, service.owner, {*teams, *people}, path=("owner",))
    return Contract(
        name=head.name,
        zone=head.zone,
        language=head.language,
        period=(head.period.first, head.period.last),
        inventory=at_hand.inventory,
        people=people,
        clauses=clauses,
        services=tuple(parts.service(written, found, at_hand) for written, found in _of(documents, kinds.Service)),
        inspections=tuple(
            parts.inspection(written, found, at_hand) for written, found in _of(documents, kinds.Inspection)
        ),
        backups=tuple(parts.backup(written, found, at_hand) for written, found in _of(documents, kinds.Backup)),
        accesses=tuple(
            parts.access(written, found, at_hand, teams=teams, people=people)
            for written, found in _of(documents, kinds.Access)
        ),
        digest=digest(at_hand.tree),
        formerly=head.formerly if head.formerly and head.formerly != head.name else "",
    )


def digest(tree: Mapping[str, bytes]) -> str:
    """Given files, return the SHA-256 in hex over their paths, lengths and contents in order."""
    whole = sha256()
    for path, data in sorted(tree.items()):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _person(written: Written, document: kinds.Person) -> Person:
    name = document.text.en or document.text.zh if document.text else None
    chinese = document.text.zh if document.text else None
    return Person(
        name=document.name,
        text=Text(zh=chinese or document.name, en=name or document.name),
        teams=document.teams,
        account=document.login,
        shell=document.shell or "/bin/bash",
        keys=tuple(str(key) for key in document.keys),
        since=document.from_,
        until=document.until,
        origin=Origin(f"person/{document.name}", written.at("name"), document.clauses),
    )
