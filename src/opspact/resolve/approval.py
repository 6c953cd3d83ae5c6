"""The kind `approval`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.approval import Approval
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import CUSTOMER
from opspact.schema import kinds


def resolve_approval(document: kinds.Approval, context: DocumentContext) -> Approval:
    """Given an approval as written, return its meaning."""
    needs = document.needs
    if needs.role != CUSTOMER:
        context.refer("team", needs.role, "needs", "role")
    return Approval(
        name=document.name,
        role=needs.role,
        count=needs.count,
        not_requester=needs.not_requester,
        expires=needs.expires,
        signed_commits=needs.signed_commits,
        occasions=document.for_,
        review_within=document.emergency.review_within if document.emergency else None,
        origin=context.origin(),
    )
