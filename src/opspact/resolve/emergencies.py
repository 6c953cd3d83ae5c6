"""Documents → emergencies and runbooks.

Comes in: documents and what is at hand. Goes out: their meaning.
"""

from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook, RunbookStep, Symptoms
from opspact.model.text import Text, meant
from opspact.resolve.context import Resolving, origin
from opspact.schema import kinds
from opspact.schema.documents.emergency import Symptoms as WrittenSymptoms
from opspact.schema.documents.runbook import RunbookStep as WrittenStep
from opspact.schema.read import Written


def emergencies(at_hand: Resolving) -> tuple[Emergency, ...]:
    """Given what is at hand, return its emergencies; problems are noted there."""
    return tuple(_emergency(written, found, at_hand) for written, found in at_hand.of(kinds.Emergency))


def runbooks(at_hand: Resolving) -> tuple[Runbook, ...]:
    """Given what is at hand, return its runbooks; problems are noted there."""
    return tuple(
        Runbook(
            name=found.name,
            text=meant(found.text, found.name),
            symptoms=_symptoms(found.symptoms),
            steps=tuple(_step(written, step, index, at_hand=at_hand) for index, step in enumerate(found.steps)),
            origin=origin(written),
        )
        for written, found in at_hand.of(kinds.Runbook)
    )


def _emergency(written: Written, document: kinds.Emergency, at_hand: Resolving) -> Emergency:
    prevented_by: list[str] = []
    by_hand: list[Text] = []
    for index, prevention in enumerate(document.prevention):
        (kind,) = prevention.model_fields_set
        if prevention.by_hand is not None:
            by_hand.append(meant(prevention.by_hand, document.name))
            continue
        name = str(getattr(prevention, kind))
        at_hand.refer(written, kind, name, "prevention", index, kind)
        prevented_by.append(f"{kind}/{name}")
    at_hand.refer(written, "runbook", document.runbook, "runbook")
    return Emergency(
        name=document.name,
        text=meant(document.text, document.name),
        symptoms=_symptoms(document.symptoms),
        prevented_by=tuple(prevented_by),
        by_hand=tuple(by_hand),
        handling=meant(document.handling, document.name) if document.handling else None,
        runbook=document.runbook,
        drill_within=document.drill_within.seconds if document.drill_within else None,
        origin=origin(written),
    )


def _symptoms(written: WrittenSymptoms | None) -> Symptoms:
    return Symptoms(written.zh, written.en) if written else Symptoms()


def _step(written: Written, step: WrittenStep, index: int, *, at_hand: Resolving) -> RunbookStep:
    here = ("steps", index)
    if step.approval:
        at_hand.refer(written, "approval", step.approval, *here, "approval")
    if step.restore_point:
        at_hand.refer(written, "backup", step.restore_point, *here, "restore_point")
    doing = next(name for name in ("run", "check", "by_hand") if getattr(step, name) is not None)
    return RunbookStep(
        text=meant(step.text, doing),
        doing=doing,
        command=step.run or step.check or "",
        by_hand=meant(step.by_hand, doing) if step.by_hand else None,
        contains=step.contains or "",
        hosts=at_hand.hosts(written, step.on, *here, "on") if step.on else (),
        within=step.within.seconds,
        destructive=step.destructive,
        approval=step.approval or "",
        restore_point=step.restore_point or "",
        origin=origin(written, *here),
    )
