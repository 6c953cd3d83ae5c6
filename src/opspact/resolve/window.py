"""The kind `window`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.window import Window
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_window(document: kinds.Window, context: DocumentContext) -> Window:
    """Given a window as written, return its meaning."""
    when = document.when
    return Window(
        name=document.name,
        blackout=document.type == "blackout",
        hosts=context.hosts(document.hosts, "hosts"),
        schedule=when.schedule,
        length=when.length,
        days=when.days,
        allows=frozenset(document.allows),
        origin=context.origin(),
    )
