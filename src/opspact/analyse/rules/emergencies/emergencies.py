"""Rules about emergencies and runbooks: prepared for, tried, found.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook


def _not_prevented(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if not emergency.prevented_by and not emergency.by_hand:
            message = f"emergency {emergency.name} has no prevention"
            yield Violation(emergency.origin.policy, message, ("name",))


def _never_tried(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if emergency.drill_within is None:
            message = f"runbook {emergency.runbook} of emergency {emergency.name} has no drill"
            yield Violation(emergency.origin.policy, message, ("runbook",), "Set drill_within:, such as 180 days.")


def _not_found(context: RuleContext) -> Iterator[Violation]:
    entries: list[Emergency | Runbook] = [*context.contract.emergencies, *context.contract.runbooks]
    for entry in entries:
        if isinstance(entry, Runbook) and not (entry.symptoms.zh or entry.symptoms.en):
            continue  # found through the emergencies that name it
        missing = [word for word, symptoms in _by_language(entry) if not symptoms]
        if missing:
            kind = "emergency" if isinstance(entry, Emergency) else "runbook"
            message = f"{kind} {entry.name} has no symptoms in {missing[0]}, so a search does not find it"
            yield Violation(entry.origin.policy, message, ("symptoms",))


def _by_language(entry: Emergency | Runbook) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("Chinese", entry.symptoms.zh), ("English", entry.symptoms.en))


RULES = (
    Rule(
        code="OP233",
        family="coverage",
        severity=Severity.WARNING,
        title="An emergency has no prevention",
        why="The contract requires prevention of each event, not only a response.",
        remedy="Add prevention, such as prevention: [{backup: daily}], or manual work: [{by_hand: {en: …}}].",
        find=_not_prevented,
    ),
    Rule(
        code="OP234",
        family="coverage",
        severity=Severity.WARNING,
        title="The runbook of an emergency has no drill",
        why="An untested procedure fails when it is needed.",
        remedy="Set drill_within:, such as 180 days.",
        find=_never_tried,
    ),
    Rule(
        code="OP235",
        family="coverage",
        severity=Severity.NOTE,
        title="An emergency or runbook has no symptoms in one language",
        why="The knowledge base is searched by symptoms, in Chinese and in English.",
        remedy="Set symptoms: {zh: […], en: […]}.",
        find=_not_found,
    ),
)
