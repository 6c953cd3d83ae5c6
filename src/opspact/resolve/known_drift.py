"""The kind `known_drift`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.known_drift import KnownDrift
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_known_drift(document: kinds.KnownDrift, context: DocumentContext) -> KnownDrift:
    """Given known drift as written, return its meaning."""
    context.refer(("person", "team"), document.by, "by")
    return KnownDrift(
        name=document.name,
        steps=document.steps,
        hosts=context.hosts(document.hosts, "hosts"),
        reason=document.reason,
        by=document.by,
        until=document.until,
        origin=context.origin(),
    )
