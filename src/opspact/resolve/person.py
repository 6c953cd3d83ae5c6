"""The kind `person`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.person import Certificate, Person
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_person(document: kinds.Person, context: DocumentContext) -> Person:
    """Given a person as written, return their meaning."""
    context.refer_each("team", document.teams, "teams")
    return Person(
        name=document.name,
        text=context.text,
        teams=document.teams,
        account=document.login,
        shell=document.shell or "/bin/bash",
        keys=tuple(str(key) for key in document.keys),
        employed=document.periods,
        channels=document.channels,
        certificates=tuple(Certificate(each.name, each.until) for each in document.certificates),
        origin=context.origin(),
    )
