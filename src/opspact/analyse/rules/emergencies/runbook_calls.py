"""Rules about runbooks that call others: not in a circle, and with the inputs that these have.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections.abc import Iterator, Mapping

from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import LocatedStep, format_suggestion, located_steps, runbooks_by_name
from opspact.model.finding import Severity
from opspact.model.policies.runbook import Input, Runbook
from opspact.model.runbook_actions import CallAction
from opspact.text.names import list_names
from opspact.text.suggestions import did_you_mean
from opspact.values.placeholders import placeholder_names, whole_placeholder

_SHOWN = 5


def _circle(context: RuleContext) -> Iterator[Violation]:
    runbooks = context.once(runbooks_by_name)
    for located in context.once(located_steps):
        action = located.step.action
        if isinstance(action, CallAction) and action.runbook in runbooks:
            way = _way(action.runbook, located.runbook.name, runbooks)
            if way:
                message = f"{located.called} calls in a circle: {' → '.join((located.runbook.name, *way))}"
                yield Violation(located.policy, message, located.path("runbook", "name"), subject=located.subject)


def _way(start: str, end: str, runbooks: Mapping[str, Runbook]) -> tuple[str, ...]:
    """Return the runbooks through which one leads to another by calls; empty: it does not."""
    came: dict[str, str] = {start: ""}
    waiting = [start]
    while waiting and end not in came:
        name = waiting.pop(0)
        for step in runbooks[name].steps if name in runbooks else ():
            if isinstance(step.action, CallAction) and step.action.runbook not in came:
                came[step.action.runbook] = name
                waiting.append(step.action.runbook)
    way: list[str] = []
    name = end if end in came else ""
    while name:
        way.insert(0, name)
        name = came[name]
    return tuple(way)


def _inputs(context: RuleContext) -> Iterator[Violation]:
    runbooks = context.once(runbooks_by_name)
    for located in context.once(located_steps):
        action = located.step.action
        if isinstance(action, CallAction) and action.runbook in runbooks:
            yield from _unfit(located, action, runbooks[action.runbook])


def _unfit(located: LocatedStep, action: CallAction, called: Runbook) -> Iterator[Violation]:
    for name in action.inputs.keys() - called.inputs.keys():
        hint = format_suggestion(did_you_mean(name, called.inputs))
        message = f'{located.called}: runbook {called.name} has no input "{name}"'
        path = located.path("runbook", "inputs", name)
        yield Violation(located.policy, message, path, hint, subject=f"{located.subject} {name}")
    for name, asked in called.inputs.items():
        if why := _why_unfit(action.inputs.get(name), asked, located.runbook):
            below = ("inputs", name) if name in action.inputs else ("name",)
            message = f'{located.called}: the input "{name}" of runbook {called.name} {why}'
            path = located.path("runbook", *below)
            yield Violation(located.policy, message, path, subject=f"{located.subject} {name}")


def _why_unfit(text: str | None, asked: Input, calling: Runbook) -> str:
    """Return why a called runbook cannot have what it is given for an input; empty: it can."""
    if asked.secret is not None:
        return "is a secret, which a called runbook cannot have"
    if text is None:
        return "is missing" if asked.question.default is None else ""
    if placeholder_names(text):
        given = calling.inputs.get(whole_placeholder(text))
        more = set(given.hosts) - set(asked.hosts) if given and given.hosts and asked.hosts else set()
        return f"may be {min(more)}, for which it is not" if more else ""
    return _why_no_value(text, asked)


def _why_no_value(text: str, asked: Input) -> str:
    """Return why a text is no value of an input; empty: it is one."""
    choices = asked.hosts or asked.question.choice
    if choices and text not in choices:
        return f'is one of {list_names(list(choices), _SHOWN)}, got "{text}"'
    if asked.question.pattern and not re.fullmatch(asked.question.pattern, text):
        return f'matches {asked.question.pattern}, got "{text}"'
    return ""


def _other_limits(context: RuleContext) -> Iterator[Violation]:
    """Find runbooks that are called for hosts that they are not for, or at times at which they may not start."""
    runbooks, sets = context.once(runbooks_by_name), context.once(host_sets)
    for located in context.once(located_steps):
        action, own = located.step.action, located.runbook
        if not isinstance(action, CallAction) or action.runbook not in runbooks:
            continue
        called, path = runbooks[action.runbook], located.path("runbook", "name")
        if left := sets.of(own.hosts) & ~sets.of(called.hosts):
            message = f"{located.called} calls {called.name}, which is not for {sets.format(left)}"
            yield Violation(located.policy, message, path, subject=f"{located.subject} hosts")
        if called.refuses_blackouts and not own.refuses_blackouts:
            message = f"{located.called} calls {called.name}, which may not start in a blackout, but {own.name} may"
            remedy = "Set limits: {blackouts: refuse} of the calling runbook, too."
            yield Violation(located.policy, message, path, remedy, subject=f"{located.subject} blackouts")


RULES = (
    Rule(
        code="OP278",
        family="runbooks",
        severity=Severity.ERROR,
        title="Runbooks call each other in a circle",
        why="None of them can be run.",
        remedy="Move the steps that both need into a runbook that calls neither of them.",
        find=_circle,
    ),
    Rule(
        code="OP279",
        family="runbooks",
        severity=Severity.ERROR,
        title="A runbook is called with inputs that do not fit",
        why="The called runbook would do something else than it is made for, or fail.",
        remedy="Give each input that has no default a value that it accepts.",
        find=_inputs,
    ),
    Rule(
        code="OP288",
        family="runbooks",
        severity=Severity.ERROR,
        title="A runbook is called where it may not be run",
        why="It is made for other hosts, or for other times: what it does may be wrong there.",
        remedy="Narrow hosts of the calling runbook, or widen those of the called one.",
        find=_other_limits,
    ),
)
