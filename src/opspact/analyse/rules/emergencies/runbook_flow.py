"""Rules about the way through a runbook: steps that are never carried out, limits without effect.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import LocatedStep, located_steps
from opspact.analyse.runbook_values import gotos, value_sources
from opspact.model.condition import Comparison, Term
from opspact.model.finding import Severity
from opspact.model.policies.runbook import OnFailure, Runbook
from opspact.model.runbook_actions import CallAction, ManualAction
from opspact.text.names import list_names

_SHOWN = 5
_GOES_ON = frozenset({OnFailure.CONTINUE, OnFailure.GOTO, OnFailure.ASK})
"""What a later step may see a failed one follow by."""


def _never(context: RuleContext) -> Iterator[Violation]:
    for located in context.once(located_steps):
        alternatives = located.step.when.alternatives
        dead = {
            index: next(term for term in terms if _is_dead(term, located))
            for index, terms in enumerate(alternatives)
            if any(_is_dead(term, located) for term in terms)
        }
        what = "is never carried out" if len(dead) == len(alternatives) else "has a condition without effect"
        for index, term in dead.items():
            never = f"it is never so that {term.name} {term.comparison.words()}{_possible(term, located)}"
            subject = f"{located.subject} {index}"
            path = located.path("when", index)
            yield Violation(located.policy, f"{located.called} {what}: {never}", path, subject=subject)


def _possible(term: Term, located: LocatedStep) -> str:
    values = sorted(_values_of(term.name, located) or ())
    return f" (expected {list_names([each or 'nothing' for each in values], _SHOWN)})" if values else ""


def _is_dead(term: Term, located: LocatedStep) -> bool:
    comparison = term.comparison
    if comparison.above is not None and comparison.below is not None and comparison.above >= comparison.below:
        return True
    values = _values_of(term.name, located)
    if values is None:
        stated = {comparison.equals} if comparison.equals is not None else {*comparison.one_of}
        return bool(stated) and not any(_holds(comparison, each) for each in stated if each is not None)
    return not any(_holds(comparison, each) for each in values)


def _holds(comparison: Comparison, value: str) -> bool:
    try:
        return comparison.holds(value)
    except ValueError:
        return False


def _values_of(name: str, located: LocatedStep) -> frozenset[str] | None:
    """Return every text that a name may stand for at a step; None: it may be any."""
    runbook = located.runbook
    if name in runbook.inputs:
        asked = runbook.inputs[name]
        return frozenset(asked.hosts or asked.question.choice) or None
    given = [each for each in value_sources(runbook).get(name, []) if each.index < located.index]
    if given:
        may_lack = all(each.can_be_missing(located.step.when) for each in given)
        return _answers(name, runbook, [each.index for each in given], may_lack=may_lack)
    places = {step.name: index for index, step in enumerate(runbook.steps[: located.index])}
    return _outcomes(runbook, places[name]) if name in places else None


def _answers(name: str, runbook: Runbook, givers: list[int], *, may_lack: bool) -> frozenset[str] | None:
    """Return the answers that steps may give; None: any."""
    choices: set[str] = {""} if may_lack else set()
    for index in givers:
        action = runbook.steps[index].action
        question = action.questions.get(name) if isinstance(action, ManualAction) else None
        if question is None or not question.choice:
            return None
        choices.update(question.choice)
        if runbook.steps[index].on_failure in _GOES_ON:
            choices.add("")
    return frozenset(choices)


def _outcomes(runbook: Runbook, index: int) -> frozenset[str] | None:
    """Return how a step may have ended before a later one is carried out."""
    step = runbook.steps[index]
    if isinstance(step.action, CallAction):
        return None
    found = {"done"}
    if step.on_failure in _GOES_ON:
        found |= {"failed", "unknown"}
    if step.when.alternatives or any(start < index < end for start, end in gotos(runbook)):
        found.add("skipped")
    return frozenset(found)


def _too_many_targets(context: RuleContext) -> Iterator[Violation]:
    for runbook in context.contract.runbooks:
        if 1 < runbook.max_targets > len(runbook.hosts):
            message = f"runbook {runbook.name} may run for {runbook.max_targets} hosts, and has {len(runbook.hosts)}"
            yield Violation(str(runbook.origin.policy), message, ("limits", "max_targets"))


RULES = (
    Rule(
        code="OP277",
        family="runbooks",
        severity=Severity.WARNING,
        title="A runbook step is never carried out",
        why="Its condition asks for a value that is not among the possible ones, often because of a typo.",
        remedy="Use a possible value; or set on_failure: continue at the step whose failure is to be handled.",
        find=_never,
    ),
    Rule(
        code="OP280",
        family="runbooks",
        severity=Severity.NOTE,
        title="A runbook may run for more hosts than there are",
        why="The limit has no effect until there are as many hosts.",
        remedy="Lower max_targets; keep it if matching hosts will be added.",
        find=_too_many_targets,
    ),
)
