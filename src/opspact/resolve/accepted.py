"""The kind `accepted`: from the document to its meaning.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.accepted import Accepted
from opspact.resolve.context import Resolving, origin
from opspact.schema import kinds
from opspact.schema.read import Written


def accepted(written: Written, document: kinds.Accepted, at_hand: Resolving) -> Accepted:
    """Given a written acceptance, return its meaning."""
    at_hand.refer(written, ("person", "team"), document.by, "by")
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
        origin=origin(written),
    )
