"""The kind `runbook`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from collections.abc import Mapping

from opspact.model.condition import Condition, Term
from opspact.model.policies.runbook import (
    Capture,
    Input,
    OnFailure,
    Precondition,
    Risk,
    Runbook,
    RunbookStep,
    StepHosts,
)
from opspact.model.runbook_actions import Question
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.resolve.runbook_actions import resolve_action, resolve_checks, resolve_comparison, resolve_rollback
from opspact.resolve.symptoms import resolve_symptoms
from opspact.schema import kinds
from opspact.schema.runbook import conditions
from opspact.schema.runbook import inputs as written_inputs
from opspact.schema.runbook import steps as written_steps
from opspact.schema.yaml.nodes import PathPart
from opspact.text.suggestions import did_you_mean
from opspact.values.placeholders import whole_placeholder

_IDEMPOTENT = frozenset({"ansible", "approve", "backup", "check", "manual", "notify", "wait"})
"""The kinds of steps that may be repeated without asking, unless the step says otherwise."""


def resolve_runbook(document: kinds.Runbook, context: DocumentContext) -> Runbook:
    """Given a runbook as written, return its meaning."""
    for index, name in enumerate(document.restore_point):
        context.refer("backup", name, "restore_point", index)
    reason = document.without_restore_point
    return Runbook(
        name=document.name,
        text=context.text,
        symptoms=resolve_symptoms(document.symptoms),
        risk=Risk(document.risk),
        hosts=context.hosts(document.hosts, "hosts"),
        inputs={name: _input(each, name, context) for name, each in document.inputs.items()},
        preconditions=tuple(
            Precondition(
                complete_text(each.text, "precondition"),
                resolve_checks(each.check),
                _hosts(each.on, document, context, path=("preconditions", index, "on")),
            )
            for index, each in enumerate(document.preconditions)
        ),
        rehearsal_only=document.rehearsal_only,
        max_targets=document.limits.max_targets,
        refuses_blackouts=document.limits.blackouts == "refuse",
        restore_points=document.restore_point,
        without_restore_point=complete_text(reason, "without") if reason else None,
        steps=tuple(_step(step, index, document, context=context) for index, step in enumerate(document.steps)),
        evidence={name: complete_text(text, name) for name, text in document.evidence.items()},
        origin=context.origin(),
    )


def _input(written: written_inputs.Input, name: str, context: DocumentContext) -> Input:
    question = Question(complete_text(written.text, name), written.pattern or "", written.choice, written.default)
    hosts = context.hosts(written.host, "inputs", name, "host") if written.host else ()
    return Input(question, hosts, written.secret)


def _hosts(
    pattern: str | None, document: kinds.Runbook, context: DocumentContext, *, path: tuple[PathPart, ...]
) -> StepHosts:
    if pattern is None:
        return StepHosts()
    if name := whole_placeholder(pattern):
        if name not in document.inputs:
            known = [each for each, written in document.inputs.items() if written.host is not None]
            hint = did_you_mean(name, known)
            context.problem("OP103", f'there is no input "{name}"', *path, hint=hint)
        elif document.inputs[name].host is None:
            context.problem("OP103", f'input "{name}" is not of type host', *path, hint="host: PATTERN at the input")
        return StepHosts(input=name)
    return StepHosts(context.hosts(pattern, *path))


def _step(
    step: written_steps.RunbookStep, index: int, document: kinds.Runbook, *, context: DocumentContext
) -> RunbookStep:
    idempotent = step.action in _IDEMPOTENT if step.idempotent is None else step.idempotent
    if step.goto is not None:
        _check_goto(step.goto, index, document, context=context)
    return RunbookStep(
        name=step.name,
        text=complete_text(step.text, step.name),
        action=resolve_action(step, index, context),
        hosts=_hosts(step.on, document, context, path=("steps", index, "on")),
        when=_condition(step.when),
        captures={name: _capture(each) for name, each in step.capture.items()},
        asserted=_condition(step.assert_),
        timeout=step.timeout,
        retries=step.retries,
        retry_after=step.retry_after,
        idempotent=idempotent,
        destructive=step.destructive,
        hides_output=step.hide_output,
        on_failure=OnFailure(step.on_failure),
        goto=step.goto or "",
        rollback_action=resolve_rollback(step.rollback, index, context) if step.rollback else None,
        origin=context.origin("steps", index),
    )


def _check_goto(goto: str, index: int, document: kinds.Runbook, *, context: DocumentContext) -> None:
    """Note a problem unless a later step has that name: going back could go on for ever."""
    names = [each.name for each in document.steps]
    if goto in names[index + 1 :]:
        return
    later = did_you_mean(goto, names[index + 1 :])
    message = f'step "{goto}" is not after this one' if goto in names else f'there is no step "{goto}"'
    context.problem("OP103", message, "steps", index, "goto", hint=later)


def _capture(written: written_steps.Capture) -> Capture:
    if written.pattern is not None:
        return Capture("pattern", written.pattern)
    if written.json_ is not None:
        return Capture("json", written.json_)
    return Capture("output" if written.output else "exit_code")


def _condition(written: "tuple[Mapping[str, conditions.Comparison], ...] | None") -> Condition:
    return Condition(
        tuple(tuple(Term(name, resolve_comparison(each)) for name, each in terms.items()) for terms in written or ())
    )
