"""The kind `visit`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.visit import Visit
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_visit(document: kinds.Visit, context: DocumentContext) -> Visit:
    """Given a visit as written, return its meaning."""
    context.refer(("team", "person"), document.by, "by")
    return Visit(
        name=document.name,
        text=context.text,
        schedule=document.schedule,
        by=document.by,
        takes=document.takes,
        origin=context.origin(),
    )
