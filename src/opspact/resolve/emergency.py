"""The kind `emergency`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.emergency import Emergency, Rehearsal
from opspact.model.text import Text, complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.symptoms import resolve_symptoms
from opspact.schema import kinds
from opspact.schema.documents import emergency as written


def resolve_emergency(document: kinds.Emergency, context: DocumentContext) -> Emergency:
    """Given an emergency as written, return its meaning."""
    prevented_by: list[str] = []
    by_hand: list[Text] = []
    for index, prevention in enumerate(document.prevention):
        (kind,) = prevention.model_fields_set
        if prevention.by_hand is not None:
            by_hand.append(complete_text(prevention.by_hand, document.name))
            continue
        name = str(getattr(prevention, kind))
        context.refer(kind, name, "prevention", index, kind)
        prevented_by.append(f"{kind}/{name}")
    context.refer("runbook", document.runbook, "runbook")
    return Emergency(
        name=document.name,
        text=context.text,
        symptoms=resolve_symptoms(document.symptoms),
        prevented_by=tuple(prevented_by),
        by_hand=tuple(by_hand),
        handling=complete_text(document.handling, document.name) if document.handling else None,
        runbook=document.runbook,
        drill_within=document.drill_within,
        rehearsal=_rehearsal(document.rehearsal, context) if document.rehearsal else None,
        origin=context.origin(),
    )


def _rehearsal(rehearsal: written.Rehearsal, context: DocumentContext) -> Rehearsal:
    context.refer("runbook", rehearsal.fault.name, "rehearsal", "fault", "name")
    if rehearsal.noticed_by is not None:
        context.refer("inspection", rehearsal.noticed_by, "rehearsal", "noticed_by")
    return Rehearsal(
        fault=rehearsal.fault.name,
        fault_inputs=dict(rehearsal.fault.inputs),
        noticed_by=rehearsal.noticed_by or "",
        inputs=dict(rehearsal.inputs),
        answers={step: dict(values) for step, values in rehearsal.answers.items()},
    )
