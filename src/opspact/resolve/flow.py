"""The kind `flow`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.flow import Flow, FlowStep
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor, refer_to_level
from opspact.schema import kinds
from opspact.schema.documents import flow as written_flow

_END = "end"
"""What the last step leads to."""


def resolve_flow(document: kinds.Flow, context: DocumentContext) -> Flow:
    """Given a flow as written, return its meaning."""
    context.refer_each("service", document.services, "services")
    context.refer_each("inspection", document.inspections, "inspections")
    if document.roster:
        context.refer("roster", document.roster, "roster")
    following = [*(step.name for step in document.steps[1:]), _END]
    return Flow(
        name=document.name,
        text=context.text,
        services=document.services,
        way=document.way,
        cases=document.cases or "",
        roster=document.roster or "",
        inspections=document.inspections,
        steps=tuple(
            _step(step, index, then=step.then or following[index], context=context)
            for index, step in enumerate(document.steps)
        ),
        origin=context.origin(),
    )


def _step(step: written_flow.FlowStep, index: int, *, then: str, context: DocumentContext) -> FlowStep:
    refer_to_actor(step.by, "steps", index, "by", context=context)
    if step.approval:
        context.refer("approval", step.approval, "steps", index, "approval")
    for number, level in enumerate(step.level):
        refer_to_level(level, "steps", index, "level", number, context=context)
    return FlowStep(
        name=step.name,
        text=complete_text(step.text, step.name),
        by=step.by,
        then=then,
        otherwise=step.otherwise or "",
        records=step.records,
        levels=step.level,
        approval=step.approval or "",
    )
