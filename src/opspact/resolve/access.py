"""The kind `access`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model import names
from opspact.model.policies.access import Access, Emergency, Others
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import access as written_access

_LONGEST_ACCOUNT = 32


def resolve_access(document: kinds.Access, context: DocumentContext) -> Access:
    """Given an access policy as written, return its meaning: teams become the people in them."""
    people, others, emergency = document.people, document.others, document.emergency
    if people:
        context.refer_each("team", people.team, "people", "team")
        context.refer_each("person", people.person, "people", "person")
    members = context.whole.people_in(people.team, people.person) if people else ()
    for person in context.whole.of(kinds.Person) if emergency else ():
        if isinstance(person, kinds.Person) and person.name in members:
            _check_account(names.emergency_account(person.login), person.name, context)
    return Access(
        name=document.name,
        hosts=context.hosts(document.hosts, "hosts"),
        people=members,
        groups=document.groups,
        sudo=document.sudo,
        exclusive=document.keys == "exclusive",
        others=_others(others) if others else None,
        emergency=Emergency(emergency.at_most, emergency.review_within) if emergency else None,
        origin=context.origin(),
    )


def _check_account(account: str, person: str, context: DocumentContext) -> None:
    """Note that an account of emergency access has a name that is too long for hosts."""
    if len(account) > _LONGEST_ACCOUNT:
        words = f"the account {account} of {person} would have more than {_LONGEST_ACCOUNT} characters"
        context.problem("OP024", words, "emergency", hint="give the person a shorter account")


def _others(written: written_access.Others) -> Others:
    return Others(
        accounts=written.accounts,
        keys=written.keys,
        sudo=tuple(" ".join(rule.split()) for rule in written.sudo),
        members=written.members,
        directories=written.directories,
    )
