"""What is proposed: documents of policies, the hosts of each as one pattern, and what no policy says.

In: hosts, an inventory. Out: frozen values.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Self

from opspact.errors import Refused
from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import select
from opspact.structs import Struct, replace

_LONGEST_SLUG = 40


class Document(Struct):
    """One policy: the file it stands in, what is said about it above, and its data."""

    file: str
    comments: tuple[str, ...]
    data: Mapping[str, object]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.data["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.data["name"])

    def with_clauses(self, clauses: Sequence[str]) -> Self:
        """Given clauses, return the policy with them, behind its kind and its name."""
        rest = {key: value for key, value in self.data.items() if key not in {"kind", "name"}}
        given = {"clauses": list(clauses)} if clauses else {}
        return replace(self, data={"kind": self.kind, "name": self.name, **given, **rest})


class NotAdopted(Struct, order=True):
    """Something that a host has and no policy says: what, on which host, why."""

    what: str
    host: str
    why: str


class Proposal(Struct):
    """Documents, files of the contract that they name, and what they do not say."""

    documents: tuple[Document, ...] = ()
    files: Mapping[str, bytes] = MappingProxyType({})
    not_adopted: tuple[NotAdopted, ...] = ()


class Names:
    """Gives names that no policy of a kind has yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """Given a wanted name, return it, or the first of `NAME-2`, `NAME-3`, … that is free; it is taken then."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name


def name_part(text: str) -> str:
    """Given text, return what of it can stand in a policy's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_SLUG].rstrip("-") or "x"


def host_pattern(hosts: Collection[str], inventory: Inventory) -> str:
    """Given hosts, return the shortest pattern that chooses these: of several a group's name, or all names."""
    wanted = set(hosts)
    if wanted == set(inventory.hosts):
        return "all"
    groups = [] if len(wanted) == 1 else [name for name, members in inventory.groups.items() if set(members) == wanted]
    named = sorted(groups, key=lambda name: (len(name), name))
    every = ":".join(host for host in inventory.hosts if host in wanted)
    return next((each for each in named if _chosen(each, inventory) == wanted), every)


def _chosen(pattern: str, inventory: Inventory) -> set[str]:
    try:
        return set(select(pattern, inventory))
    except Refused:
        return set()
