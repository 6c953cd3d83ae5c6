"""The kind `accepted`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.accepted import Accepted
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_accepted(document: kinds.Accepted, context: DocumentContext) -> Accepted:
    """Given an accepted finding as written, return its meaning."""
    context.refer(("person", "team"), document.by, "by")
    file, _, policy = document.where.partition("#")
    return Accepted(
        name=document.name,
        finding=document.finding,
        file=file,
        policy=policy,
        only=document.only,
        reason=document.reason,
        by=document.by,
        until=document.until,
        origin=context.origin(),
    )
