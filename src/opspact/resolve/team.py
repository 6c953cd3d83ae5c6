"""The kind `team`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.team import Bounds, Team
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import team as written_team


def resolve_team(document: kinds.Team, context: DocumentContext) -> Team:
    """Given a team as written, return its meaning."""
    return Team(
        name=document.name,
        text=context.text,
        headcount=resolve_headcount(document.headcount),
        duties=tuple(complete_text(text, document.name) for text in document.duties),
        origin=context.origin(),
    )


def resolve_headcount(headcount: written_team.Headcount | None) -> Bounds | None:
    """Given a headcount as written (None: none is), return its bounds."""
    return Bounds(headcount.min, headcount.max) if headcount else None
