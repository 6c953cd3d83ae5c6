"""The kind `window`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from typing import Final

from opspact.model.policies.window import Guard, Window
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds

_CHANGES_NOTHING: Final = frozenset({"backup", "inspection", "library", "log_review"})
"""Work that looks and copies: a guard period wants more of it, not less."""


def resolve_window(document: kinds.Window, context: DocumentContext) -> Window:
    """Given a window as written, return its meaning."""
    when = document.when
    guard = _resolve_guard(document, context) if document.type == "guard" else None
    return Window(
        name=document.name,
        blackout=document.type != "maintenance",
        hosts=context.hosts(document.hosts, "hosts"),
        schedule=when.schedule if when else None,
        length=when.length if when else None,
        days=when.days if when else document.days,
        allows=frozenset(document.allows) | (_CHANGES_NOTHING if guard else frozenset()),
        origin=context.origin(),
        guard=guard,
    )


def _resolve_guard(document: kinds.Window, context: DocumentContext) -> Guard:
    """Return what holds in a guard period; its schedules are due on its days alone."""
    for name in document.inspections:
        context.refer("inspection", name, "inspections", name)
    for name in document.rosters:
        context.refer("roster", name, "rosters", name)
    days = document.days
    return Guard(
        {name: schedule.on_days(days) for name, schedule in document.inspections.items() if days},
        document.residents.min if document.residents else 0,
        {name: minimum.min for name, minimum in document.rosters.items()},
    )
