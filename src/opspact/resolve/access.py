"""The kind `access`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.access import Access
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_access(document: kinds.Access, context: DocumentContext) -> Access:
    """Given an access policy as written, return its meaning: teams become the people in them."""
    people = document.people
    context.refer_each("team", people.team, "people", "team")
    context.refer_each("person", people.person, "people", "person")
    return Access(
        name=document.name,
        hosts=context.hosts(document.hosts, "hosts"),
        people=context.whole.people_in(people.team, people.person),
        groups=document.groups,
        sudo=document.sudo,
        exclusive=document.keys == "exclusive",
        origin=context.origin(),
    )
