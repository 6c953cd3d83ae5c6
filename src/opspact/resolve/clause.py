"""The kind `clause`: from the document to its meaning.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.clause import Clause
from opspact.model.text import meant
from opspact.resolve.context import origin
from opspact.resolve.values import age
from opspact.schema import kinds
from opspact.schema.read import Written


def clause(written: Written, document: kinds.Clause) -> Clause:
    """Given a written clause, return it."""
    return Clause(
        name=document.name,
        section=document.section,
        text=meant(document.text, document.name),
        kept_by=document.kept_by,
        evidence_within=document.evidence_within.seconds,
        copies_kept=age(document.copies_kept) if document.copies_kept else None,
        origin=origin(written),
    )
