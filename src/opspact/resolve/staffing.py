"""The kind `staffing`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.staffing import Staffing
from opspact.resolve.context import DocumentContext
from opspact.resolve.team import resolve_headcount
from opspact.schema import kinds


def resolve_staffing(document: kinds.Staffing, context: DocumentContext) -> Staffing:
    """Given staffing as written, return its meaning: teams become the people in them."""
    context.refer_each("team", document.teams, "teams")
    context.refer_each("person", document.people, "people")
    context.refer_each("roster", document.rosters, "rosters")
    return Staffing(
        name=document.name,
        people=context.whole.people_in(document.teams, document.people),
        resident=resolve_headcount(document.resident),
        rosters=document.rosters,
        on_site=resolve_headcount(document.on_site),
        origin=context.origin(),
    )
