"""The kind `inspection`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.inspection import Inspection, Item
from opspact.resolve.check_settings import plain_settings
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import inspection as written_inspection


def resolve_inspection(document: kinds.Inspection, context: DocumentContext) -> Inspection:
    """Given an inspection as written, return its meaning."""
    hosts = context.hosts(document.hosts, "hosts")
    if document.read_by is not None:
        context.refer(("team", "person"), document.read_by, "read_by")
    return Inspection(
        name=document.name,
        hosts=hosts,
        schedule=document.schedule,
        items=tuple(_item(item, index, hosts, context=context) for index, item in enumerate(document.items)),
        critical_opens=document.critical_opens or "",
        origin=context.origin(),
    )


def _item(
    item: written_inspection.InspectionItem, index: int, hosts: tuple[str, ...], *, context: DocumentContext
) -> Item:
    (kind,) = item.model_fields_set
    context.refer_each("service", getattr(item.check, "only", ()), "items", index, kind, "only")
    on = context.hosts_within(hosts, getattr(item.check, "on", None), "items", index, kind, "on")
    return Item({"item": kind, **plain_settings(item.check)}, on)
