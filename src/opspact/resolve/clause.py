"""The kind `clause`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.clause import Clause
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_clause(document: kinds.Clause, context: DocumentContext) -> Clause:
    """Given a clause as written, return its meaning."""
    return Clause(
        name=document.name,
        section=document.section,
        text=context.text,
        kept_by=document.kept_by,
        evidence_within=document.evidence_within,
        copies_kept=document.copies_kept,
        origin=context.origin(),
    )
