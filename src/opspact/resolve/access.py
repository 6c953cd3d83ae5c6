"""The kind `access`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.access import Access, Others
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import access as written_access


def resolve_access(document: kinds.Access, context: DocumentContext) -> Access:
    """Given an access policy as written, return its meaning: teams become the people in them."""
    people, others = document.people, document.others
    if people:
        context.refer_each("team", people.team, "people", "team")
        context.refer_each("person", people.person, "people", "person")
    return Access(
        name=document.name,
        hosts=context.hosts(document.hosts, "hosts"),
        people=context.whole.people_in(people.team, people.person) if people else (),
        groups=document.groups,
        sudo=document.sudo,
        exclusive=document.keys == "exclusive",
        others=_others(others) if others else None,
        origin=context.origin(),
    )


def _others(written: written_access.Others) -> Others:
    return Others(
        accounts=written.accounts,
        keys=written.keys,
        sudo=tuple(" ".join(rule.split()) for rule in written.sudo),
        members=written.members,
        directories=written.directories,
    )
