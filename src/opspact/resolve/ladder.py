"""The kind `ladder`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.ladder import Ladder, Rung
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import ladder as written_ladder


def resolve_ladder(document: kinds.Ladder, context: DocumentContext) -> Ladder:
    """Given an escalation ladder as written, return its meaning."""
    last = document.last_resort
    if last is not None:
        context.refer(last.kind, last.name, "last_resort")
    return Ladder(
        name=document.name,
        text=context.text,
        steps=tuple(_rung(step, index, context) for index, step in enumerate(document.steps)),
        holds=document.if_nobody == "hold",
        repeat=document.repeat,
        last_resort=last,
        origin=context.origin(),
    )


def _rung(step: written_ladder.Rung, index: int, context: DocumentContext) -> Rung:
    context.refer(step.tell.kind, step.tell.name, "steps", index, "tell")
    return Rung(
        tell=step.tell,
        by=step.by,
        wait=step.wait,
        acknowledge_within=step.acknowledge_within,
    )
