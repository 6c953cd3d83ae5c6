"""The kind `library`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.library import Library
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import kinds


def resolve_library(document: kinds.Library, context: DocumentContext) -> Library:
    """Given an installer as written, return its meaning."""
    context.refer_each("emergency", document.for_.emergency, "for", "emergency")
    refer_to_actor(document.owner, "owner", context=context)
    licence = document.licence
    return Library(
        name=document.name,
        text=context.text,
        version=document.version,
        sha256=document.sha256,
        licence=complete_text(licence.text, document.name) if licence else None,
        licensed_until=licence.until if licence else None,
        host=context.host(document.host, "host"),
        path=document.path,
        emergencies=document.for_.emergency,
        owner=document.owner,
        schedule=document.checked,
        takes=document.takes,
        origin=context.origin(),
    )
