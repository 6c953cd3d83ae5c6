"""The kind `ladder`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.ladder import Ladder, Rung
from opspact.resolve.context import DocumentContext
from opspact.resolve.recipient import resolve_recipient
from opspact.schema import kinds
from opspact.schema.documents import ladder as written_ladder


def resolve_ladder(document: kinds.Ladder, context: DocumentContext) -> Ladder:
    """Given an escalation ladder as written, return its meaning."""
    last = document.last_resort
    return Ladder(
        name=document.name,
        text=context.text,
        steps=tuple(_rung(step, index, context) for index, step in enumerate(document.steps)),
        holds=document.if_nobody == "hold",
        repeat=document.repeat,
        last_resort=resolve_recipient(last, "last_resort", context=context) if last else None,
        origin=context.origin(),
    )


def _rung(step: written_ladder.Rung, index: int, context: DocumentContext) -> Rung:
    return Rung(
        tell=resolve_recipient(step.tell, "steps", index, "tell", context=context),
        by=step.by,
        wait=step.wait.seconds if step.wait else 0,
        acknowledge_within=step.acknowledge_within.seconds if step.acknowledge_within else 0,
    )
