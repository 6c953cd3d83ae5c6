"""The kind `runbook`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.runbook import Runbook, RunbookStep
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.symptoms import resolve_symptoms
from opspact.schema import kinds
from opspact.schema.documents import runbook as written_runbook


def resolve_runbook(document: kinds.Runbook, context: DocumentContext) -> Runbook:
    """Given a runbook as written, return its meaning."""
    return Runbook(
        name=document.name,
        text=context.text,
        symptoms=resolve_symptoms(document.symptoms),
        steps=tuple(_step(step, index, context) for index, step in enumerate(document.steps)),
        origin=context.origin(),
    )


def _step(step: written_runbook.RunbookStep, index: int, context: DocumentContext) -> RunbookStep:
    if step.approval:
        context.refer("approval", step.approval, "steps", index, "approval")
    if step.restore_point:
        context.refer("backup", step.restore_point, "steps", index, "restore_point")
    doing = next(name for name in ("run", "check", "by_hand") if getattr(step, name) is not None)
    return RunbookStep(
        text=complete_text(step.text, doing),
        doing=doing,
        command=step.run or step.check or "",
        by_hand=complete_text(step.by_hand, doing) if step.by_hand else None,
        contains=step.contains or "",
        hosts=context.hosts(step.on, "steps", index, "on") if step.on else (),
        within=step.within,
        destructive=step.destructive,
        approval=step.approval or "",
        restore_point=step.restore_point or "",
        origin=context.origin("steps", index),
    )
