"""The kind `access`: from the document to its meaning.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from collections.abc import Mapping

from opspact.model.policies.access import Access
from opspact.model.policies.person import Person
from opspact.resolve.context import Resolving, origin
from opspact.schema import kinds
from opspact.schema.read import Written


def access(
    written: Written,
    document: kinds.Access,
    at_hand: Resolving,
    *,
    people: Mapping[str, Person],
) -> Access:
    """Given a written access policy, return its meaning: teams become the people in them."""
    chosen: dict[str, None] = {}
    for index, team in enumerate(document.people.team):
        if at_hand.refer(written, "team", team, "people", "team", index):
            chosen |= {name: None for name, person in people.items() if team in person.teams}
    for index, name in enumerate(document.people.person):
        if at_hand.refer(written, "person", name, "people", "person", index):
            chosen[name] = None
    return Access(
        name=document.name,
        hosts=at_hand.hosts(written, document.hosts, "hosts"),
        people=tuple(sorted(chosen)),
        groups=document.groups,
        sudo=document.sudo,
        exclusive=document.keys == "exclusive",
        origin=origin(written),
    )
