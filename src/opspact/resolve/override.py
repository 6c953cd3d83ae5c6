"""The kind `override`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.override import Override
from opspact.resolve.context import DocumentContext
from opspact.resolve.instants import resolve_interval
from opspact.schema import kinds


def resolve_override(document: kinds.Override, context: DocumentContext) -> Override:
    """Given an override as written, return its meaning."""
    context.refer_each("roster", document.roster, "roster")
    context.refer("person", document.away, "away")
    if document.instead is not None:
        context.refer("person", document.instead, "instead")
    start, end = resolve_interval(document.from_, document.to, context=context)
    return Override(
        name=document.name,
        rosters=document.roster,
        start=start,
        end=end,
        away=document.away,
        instead=document.instead,
        reason=document.reason,
        origin=context.origin(),
    )
