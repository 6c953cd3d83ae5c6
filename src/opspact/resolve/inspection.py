"""The kind `inspection`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.inspection import Inspection, Item
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import inspection as written_inspection
from opspact.schema.fields import Part
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.period import Period


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
    on = context.hosts_within(hosts, getattr(item.check, "on", None), "items", index, kind, "on")
    return Item({"item": kind, **_settings(item.check)}, on)


def _settings(part: Part) -> dict[str, object]:
    """Return a check as the on-host program reads it: shares as per cent, durations in seconds, days as written."""
    plain: dict[str, object] = {}
    for name in type(part).model_fields:
        match getattr(part, name):
            case None:
                continue
            case Percent() as share:
                plain[name] = share.value
            case Duration() as duration:
                plain[name] = duration.seconds
            case Period() as days:
                plain[name] = f"{days.first}..{days.last}"
            case Part() as inner:
                plain[name] = _settings(inner)
            case value:
                plain[name] = value
    plain.pop("on", None)
    return plain
