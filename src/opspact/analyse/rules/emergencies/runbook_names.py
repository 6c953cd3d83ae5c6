"""Rules about the names of runbooks: used, given once, not taken already.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import format_suggestion, runbooks_by_name, stage_names, steps_of
from opspact.analyse.runbook_values import used_names, value_sources
from opspact.model.finding import Severity
from opspact.model.policies.runbook import BUILT_IN, CLOSE, PRECONDITIONS, RESTORE_POINT, ROLLING_BACK, Runbook
from opspact.model.runbook_actions import ManualAction
from opspact.text.suggestions import did_you_mean

_RESERVED = frozenset({PRECONDITIONS, RESTORE_POINT, CLOSE})


def _unused(context: RuleContext) -> Iterator[Violation]:
    for runbook in context.contract.runbooks:
        used = used_names(runbook, steps_of(runbook))
        for name in runbook.inputs:
            if name not in used:
                message = f"nothing in runbook {runbook.name} uses the input {name}"
                yield Violation(str(runbook.origin.policy), message, ("inputs", name), subject=name)


def _given_twice(context: RuleContext) -> Iterator[Violation]:
    for runbook in context.contract.runbooks:
        policy = str(runbook.origin.policy)
        for name, given in value_sources(runbook).items():
            asked = [each for each in given if each.path[2] == "ask"]
            again = asked[1] if len(asked) > 1 and asked[0].condition == asked[1].condition else None
            if name in runbook.inputs or name in BUILT_IN:
                what = "an input" if name in runbook.inputs else "built in"
                yield Violation(
                    policy, f'the value "{name}" of {runbook.name} is {what} already', given[0].path, subject=name
                )
            elif again is not None:
                message = f'runbook {runbook.name} asks for the value "{name}" twice'
                yield Violation(policy, message, again.path, subject=name)
        yield from _reserved(runbook, context)


def _reserved(runbook: Runbook, context: RuleContext) -> Iterator[Violation]:
    policy, seen = str(runbook.origin.policy), set[str]()
    runbooks = context.once(runbooks_by_name)
    values = {*runbook.inputs, *value_sources(runbook), *BUILT_IN}
    for name in runbook.inputs:
        if name in BUILT_IN:
            yield Violation(policy, f'the value "{name}" of {runbook.name} is built in', ("inputs", name), subject=name)
    for name in stage_names(runbook, runbooks):
        index = next(
            (at for at, step in enumerate(runbook.steps) if name == step.name or name.startswith(f"{step.name}-")), 0
        )
        if name in seen or name in _RESERVED or name.startswith(ROLLING_BACK):
            why = "two steps" if name in seen else "a stage that every run has"
            message = f'"{name}" is the name of {why} in a run of {runbook.name}'
            yield Violation(policy, message, ("steps", index, "name"), subject=f"step {name}")
        elif name in values:
            message = f'"{name}" is the name of a step and of a value of {runbook.name}'
            yield Violation(policy, message, ("steps", index, "name"), subject=f"step {name}")
        seen.add(name)


def _no_evidence(context: RuleContext) -> Iterator[Violation]:
    for runbook in context.contract.runbooks:
        given = {*value_sources(runbook), *runbook.inputs}
        attached = {
            each.action.attach for each in runbook.steps if isinstance(each.action, ManualAction) and each.action.attach
        }
        for name in runbook.evidence:
            if name not in given and name not in attached:
                message = f"no step of runbook {runbook.name} gives the evidence {name}"
                hint = did_you_mean(name, {*given, *attached})
                yield Violation(
                    str(runbook.origin.policy), message, ("evidence", name), format_suggestion(hint), subject=name
                )


RULES = (
    Rule(
        code="OP274",
        family="runbooks",
        severity=Severity.WARNING,
        title="An input of a runbook is not used",
        why="The operator is asked for it in vain, or a step does not use what it should.",
        remedy="Use it, or remove it.",
        find=_unused,
    ),
    Rule(
        code="OP275",
        family="runbooks",
        severity=Severity.ERROR,
        title="A name of a runbook is taken already",
        why="Which value or step it stands for would not be clear; a run with two stages of one name is refused.",
        remedy="Rename the value or the step.",
        find=_given_twice,
    ),
    Rule(
        code="OP276",
        family="runbooks",
        severity=Severity.WARNING,
        title="No step of a runbook gives a required evidence",
        why="The run is done, but cannot be closed until somebody has attached it.",
        remedy="Set attach: NAME at a manual step, or capture the value.",
        find=_no_evidence,
    ),
)
