"""The kind `training`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.training import Training
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds


def resolve_training(document: kinds.Training, context: DocumentContext) -> Training:
    """Given a training as written, return its meaning: teams become the people in them."""
    context.refer_each(("team", "person"), document.audience, "audience")
    context.refer(("team", "person"), document.trainer, "trainer")
    for name in document.done:
        context.refer("person", name, "done", name)
    return Training(
        name=document.name,
        text=context.text,
        audience=context.whole.people_called(document.audience),
        users=tuple(complete_text(text, document.name) for text in document.users),
        schedule=document.before,
        stage=complete_text(document.stage, document.name) if document.stage else None,
        content=complete_text(document.content, document.name),
        trainer=document.trainer,
        takes=document.takes,
        done=document.done,
        origin=context.origin(),
    )
