"""The kind `review`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.review import Review
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import kinds


def resolve_review(document: kinds.Review, context: DocumentContext) -> Review:
    """Given a review as written, return its meaning."""
    refer_to_actor(document.led_by, "led_by", context=context)
    for index, name in enumerate(document.attended_by):
        refer_to_actor(name, "attended_by", index, context=context)
    return Review(
        name=document.name,
        text=context.text,
        schedule=document.schedule,
        led_by=document.led_by,
        attended_by=document.attended_by,
        inputs=document.inputs,
        record_within=document.record_within,
        origin=context.origin(),
    )
