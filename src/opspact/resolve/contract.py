"""Documents → contract: every name looked up, every host pattern answered, all that is wrong said at once.

Comes in: a tree of files (path → bytes), and the inventory when it is not a plain one. Goes out: a frozen contract. The
bridge from schema to model.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

from opspact.errors import Place, Problem, Refused
from opspact.model.contract import Contract
from opspact.model.inventory.host import Inventory
from opspact.model.policies.person import Certificate, Person
from opspact.model.policy_index import Policy, WrittenPolicies
from opspact.model.text import meant
from opspact.resolve.accepted import accepted
from opspact.resolve.access import access
from opspact.resolve.backup import backup
from opspact.resolve.care import care
from opspact.resolve.clause import clause
from opspact.resolve.conduct import conduct
from opspact.resolve.context import Resolving, origin
from opspact.resolve.desk import desk
from opspact.resolve.duty import duty
from opspact.resolve.inspection import inspection
from opspact.resolve.inventory import resolve_inventory
from opspact.resolve.service import service
from opspact.resolve.strength import strengths
from opspact.schema import kinds
from opspact.schema.inventory.reader import read_inventory
from opspact.schema.read import Written, read_policies
from opspact.schema.values.secrets import SecretReference as WrittenReference
from opspact.text.unicode import escaped
from opspact.values.secret import SecretReference

_HOST_NAME = re.compile(r"\w[\w.:@%+-]*")
"""A name that stands for itself in a file's name, in a template and on a command line."""

Meaning = TypeVar("Meaning")


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
    contract = _contract(Resolving(tree, hosts, documents, problems))
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


def _contract(at_hand: Resolving) -> Contract:
    ((_, head),) = at_hand.of(kinds.Contract)
    people = {document.name: _person(written, document) for written, document in at_hand.of(kinds.Person)}
    for written, document in at_hand.of(kinds.Person):
        for index, team in enumerate(document.teams):
            at_hand.refer(written, "team", team, "teams", index)
    clauses = {document.name: clause(written, document) for written, document in at_hand.of(kinds.Clause)}
    if clauses:
        for written in at_hand.documents:
            for index, name in enumerate(written.document.clauses):
                at_hand.refer(written, "clause", name, "clauses", index)
    for written, found in at_hand.of(kinds.Service):
        at_hand.refer(written, ("team", "person"), found.owner, "owner")
        if found.tier:
            at_hand.refer(written, "sla", found.tier, "tier")
    return Contract(
        name=head.name,
        zone=head.zone,
        language=head.language,
        period=(head.period.first, head.period.last),
        inventory=at_hand.inventory,
        people=people,
        clauses=clauses,
        services=tuple(service(written, found, at_hand) for written, found in at_hand.of(kinds.Service)),
        inspections=tuple(inspection(written, found, at_hand) for written, found in at_hand.of(kinds.Inspection)),
        backups=tuple(backup(written, found, at_hand) for written, found in at_hand.of(kinds.Backup)),
        accesses=tuple(access(written, found, at_hand, people=people) for written, found in at_hand.of(kinds.Access)),
        accepted=tuple(accepted(written, found, at_hand) for written, found in at_hand.of(kinds.Accepted)),
        desk=desk(at_hand),
        duty=duty(at_hand),
        care=care(at_hand),
        conduct=conduct(at_hand),
        digest=digest(at_hand.tree),
        formerly=head.formerly if head.formerly and head.formerly != head.name else "",
        written=_written(at_hand),  # last: by then every reference is noted
    )


def _written(at_hand: Resolving) -> WrittenPolicies:
    """Return the index of all documents and of the references noted so far."""
    policies = (
        Policy(
            kind=written.document.kind,
            name=written.document.name,
            origin=origin(written),
            lines=written,
            strengths=tuple(strengths(written.document)),
        )
        for written in at_hand.documents
    )
    return WrittenPolicies(
        {str(policy): policy for policy in sorted(policies, key=str)},
        tuple(sorted(at_hand.references)),
        tuple(at_hand.patterns),
    )


def digest(tree: Mapping[str, bytes]) -> str:
    """Given files, return the SHA-256 in hex over their paths, lengths and contents in order."""
    whole = sha256()
    for path, data in sorted(tree.items()):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _person(written: Written, document: kinds.Person) -> Person:
    return Person(
        name=document.name,
        text=meant(document.text, document.name),
        teams=document.teams,
        account=document.login,
        shell=document.shell or "/bin/bash",
        keys=tuple(str(key) for key in document.keys),
        since=document.from_,
        until=document.until,
        channels={
            name: SecretReference(kept.scheme, kept.name) if isinstance(kept, WrittenReference) else kept
            for name, kept in document.channels.items()
        },
        certificates=tuple(Certificate(each.name, each.until) for each in document.certificates),
        origin=origin(written),
    )
