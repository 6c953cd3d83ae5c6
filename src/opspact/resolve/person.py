"""The kind `person`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.person import Certificate, Person, SigningKey
from opspact.resolve.context import DocumentContext
from opspact.resolve.instants import check_instant, resolve_instant
from opspact.resolve.references import CUSTOMER
from opspact.schema import kinds
from opspact.schema.documents import person as written_person


def resolve_person(document: kinds.Person, context: DocumentContext) -> Person:
    """Given a person as written, return their meaning."""
    for number, team in enumerate(document.teams):
        if team != CUSTOMER:
            context.refer("team", team, "teams", number)
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
        signing_keys=tuple(_signing_key(key, number, context) for number, key in enumerate(document.signing_keys)),
        origin=context.origin(),
    )


def _signing_key(key: written_person.SigningKey, number: int, context: DocumentContext) -> SigningKey:
    zone, revoked = context.whole.zone, key.revoked
    if revoked is not None:
        check_instant(revoked, zone, "signing_keys", number, "revoked", context=context)
        revoked = resolve_instant(revoked, zone)
    return SigningKey(str(key.key), key.from_, key.until, revoked)
