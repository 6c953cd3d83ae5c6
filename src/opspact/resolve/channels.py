"""The kind `channels`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.channels import Channels, Route
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import channels as written_channels


def resolve_channels(document: kinds.Channels, context: DocumentContext) -> Channels:
    """Given the ways to the desk as written, return their meaning."""
    routes = tuple(_route(route, index, context) for index, route in enumerate(document.routes))
    return Channels(document.name, context.text, routes, context.origin())


def _route(route: written_channels.Route, index: int, context: DocumentContext) -> Route:
    context.refer(route.answered_by.kind, route.answered_by.name, "routes", index, "answered_by")
    context.refer("calendar", route.hours.calendar, "routes", index, "hours", "calendar")
    context.refer_each("calendar", route.hours.except_, "routes", index, "hours", "except")
    return Route(
        reach=complete_text(route.reach, route.answered_by.name),
        at=route.at or "",
        takes=route.takes,
        calendar=route.hours.calendar,
        closed=route.hours.except_,
        answered_by=route.answered_by,
        by=route.by,
    )
