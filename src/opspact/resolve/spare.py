"""The kind `spare`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.spare import Spare
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import kinds


def resolve_spare(document: kinds.Spare, context: DocumentContext) -> Spare:
    """Given spare parts as written, return their meaning."""
    context.refer_each("device", document.for_.device, "for", "device")
    context.refer_each("service", document.for_.service, "for", "service")
    refer_to_actor(document.owner, "owner", context=context)
    return Spare(
        name=document.name,
        text=context.text,
        devices=document.for_.device,
        services=document.for_.service,
        where=complete_text(document.where, document.name),
        site=document.site or "",
        owner=document.owner,
        minimum=document.minimum,
        ready_within=document.ready_within,
        schedule=document.checked,
        origin=context.origin(),
    )
