"""The kind `inspection`: from the document to its meaning.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.inspection import Inspection, Item
from opspact.resolve.context import Resolving, origin
from opspact.resolve.limited import limited_hosts
from opspact.resolve.values import schedule
from opspact.schema import kinds
from opspact.schema.fields import Part, Percent
from opspact.schema.read import Written
from opspact.schema.values.durations import Duration


def inspection(written: Written, document: kinds.Inspection, at_hand: Resolving) -> Inspection:
    """Given a written inspection, return its meaning."""
    hosts = at_hand.hosts(written, document.hosts, "hosts")
    items = []
    for index, item in enumerate(document.items):
        (kind,) = item.model_fields_set
        pattern = getattr(item.check, "on", None)
        on = (
            limited_hosts(written, pattern, hosts, at_hand=at_hand, path=("items", index, kind, "on"))
            if pattern
            else None
        )
        items.append(Item({"item": kind, **_settings(item.check)}, on))
    return Inspection(
        name=document.name,
        hosts=hosts,
        schedule=schedule(document.schedule),
        items=tuple(items),
        critical_opens=document.critical_opens or "",
        origin=origin(written),
    )


def _settings(part: Part) -> dict[str, object]:
    """Return a check as the on-host program reads it: shares as per cent, durations in seconds."""
    plain: dict[str, object] = {}
    for name in type(part).model_fields:
        match getattr(part, name):
            case None:
                continue
            case Percent() as share:
                plain[name] = share.value
            case Duration() as duration:
                plain[name] = duration.seconds
            case Part() as inner:
                plain[name] = _settings(inner)
            case value:
                plain[name] = value
    plain.pop("on", None)
    return plain
