"""Rules about tests of runbooks: they name what the runbook has.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Collection, Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import Path, format_suggestion, runbooks_by_name, stage_names
from opspact.analyse.runbook_values import value_sources
from opspact.model.finding import Severity
from opspact.model.policies.runbook import PRECONDITIONS, RESTORE_POINT, ROLLING_BACK, Runbook
from opspact.model.policies.runbook_test import RunbookCase
from opspact.text.suggestions import did_you_mean


def _unfit(context: RuleContext) -> Iterator[Violation]:
    runbooks = context.once(runbooks_by_name)
    for test in context.contract.runbook_tests:
        runbook = runbooks[test.runbook]
        steps = stage_names(runbook, runbooks)
        known = {*steps, PRECONDITIONS, RESTORE_POINT, *(f"{ROLLING_BACK}{name}" for name in steps)}
        for number, case in enumerate(test.cases):
            named = [("step", name, path, known) for name, path in _steps(case)]
            for word, name, path, names in (*named, *_values(case, runbook)):
                if name not in names:
                    message = f"case {case.name} of {test.name}: runbook {runbook.name} has no {word} {name}"
                    subject = f"case {case.name} {word} {name}"
                    hint = format_suggestion(did_you_mean(name, names))
                    policy = str(test.origin.policy)
                    yield Violation(policy, message, ("cases", number, *path), hint, subject=subject)


def _steps(case: RunbookCase) -> Iterator[tuple[str, Path]]:
    """Yield every name of a step in a case, and where it is written."""
    for index, fault in enumerate(case.faults):
        yield fault.step, ("faults", index, "step")
    for index, name in enumerate(case.approved):
        yield name, ("approved", index)
    for name in case.expectation.steps:
        yield name, ("expect", "steps", name)
    for name in case.answers:
        if "." in name:
            yield name.partition(".")[0], ("answers", name)


def _values(case: RunbookCase, runbook: Runbook) -> Iterator[tuple[str, str, Path, Collection[str]]]:
    """Yield every other name in a case: what it is of, itself, where it is written, the names that there are."""
    for name in case.inputs:
        yield "input", name, ("inputs", name), runbook.inputs.keys()
    for name in case.expectation.values:
        yield "value", name, ("expect", "values", name), {*value_sources(runbook), *runbook.inputs}
    for index, host in enumerate(case.targets):
        yield "host", host, ("targets", index), runbook.hosts


RULES = (
    Rule(
        code="OP286",
        family="runbooks",
        severity=Severity.ERROR,
        title="A test of a runbook names what the runbook does not have",
        why="The test fails, or passes without testing what it is for.",
        remedy="Use names of steps, inputs, values and hosts of the runbook.",
        find=_unfit,
    ),
)
