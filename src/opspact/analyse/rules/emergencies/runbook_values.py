"""Rules about the values of runbooks: given before they are used, written so that they stay text.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import (
    LocatedStep,
    Path,
    format_suggestion,
    located_steps,
    runbooks_by_name,
    stage_names,
)
from opspact.analyse.runbook_values import (
    OWN,
    TextUse,
    ValueSource,
    precondition_texts,
    script_names,
    step_texts,
    value_sources,
)
from opspact.model.finding import Severity
from opspact.model.policies.runbook import BUILT_IN
from opspact.model.runbook_actions import ScriptAction
from opspact.structs import Struct, replace
from opspact.text.suggestions import did_you_mean
from opspact.values.placeholders import invalid_placeholders, placeholder_names


class _Values(Struct):
    """What is known of values at a step; `steps` are the names of those before it."""

    located: LocatedStep
    given: dict[str, list[ValueSource]]
    steps: tuple[str, ...]

    def before(self, name: str) -> list[ValueSource]:
        """Return what gives a name before the step."""
        return [each for each in self.given.get(name, []) if each.index < self.located.index]

    def is_known(self, name: str) -> bool:
        """Whether a text of the step may ask for a name."""
        return name in BUILT_IN or name in self.located.runbook.inputs or bool(self.before(name))

    def explain_unknown(self, name: str) -> str:
        """Return what is wrong with a name that nothing before the step gives."""
        if name not in self.given:
            return f'nothing gives the value "{name}"'
        steps = self.located.runbook.steps
        later = steps[self.given[name][0].index].name
        return f'the value "{name}" is given by step {later} only, which is not before this one'


def _values(context: RuleContext) -> Iterator[_Values]:
    runbooks = context.once(runbooks_by_name)
    by_runbook = {each.name: value_sources(each) for each in context.contract.runbooks}
    for located in context.once(located_steps):
        before = replace(located.runbook, steps=located.runbook.steps[: located.index])
        yield _Values(located, by_runbook[located.runbook.name], stage_names(before, runbooks))


def _unknown(context: RuleContext) -> Iterator[Violation]:
    for values in _values(context):
        located = values.located
        unknown = {name: use for use in step_texts(located) for name in use.names if not values.is_known(name)}
        for name, use in unknown.items():
            yield _nothing_gives(values, name, use.path, known=_names(values))
        asserted = {*OWN, *located.step.captures}
        yield from _conditions(values, "when", frozenset())
        yield from _conditions(values, "assert", frozenset(asserted))
    for runbook in context.contract.runbooks:
        for use in precondition_texts(runbook):
            for name in use.names:
                if name not in BUILT_IN and name not in runbook.inputs:
                    message = f'precondition {_number(use.path)} of {runbook.name}: there is no input "{name}"'
                    hint = did_you_mean(name, runbook.inputs)
                    yield Violation(
                        str(runbook.origin.policy), message, use.path, format_suggestion(hint), subject=name
                    )


def _number(path: Path) -> int:
    return int(path[1]) + 1


def _names(values: _Values) -> list[str]:
    return [*values.located.runbook.inputs, *BUILT_IN, *(name for name in values.given if values.before(name))]


def _conditions(values: _Values, field: str, own: frozenset[str]) -> Iterator[Violation]:
    """Yield what is wrong with the names of a condition: they may also be those of steps before this one."""
    located = values.located
    names = located.step.when.names if field == "when" else located.step.asserted.names
    for name in names:
        if not (values.is_known(name) or name in own or name in values.steps):
            yield _nothing_gives(values, name, located.path(field), known=[*_names(values), *own, *values.steps])


def _nothing_gives(values: _Values, name: str, path: Path, *, known: Iterable[str]) -> Violation:
    located = values.located
    message = f"{located.called}: {values.explain_unknown(name)}"
    return Violation(
        located.policy, message, path, format_suggestion(did_you_mean(name, known)), subject=f"{located.subject} {name}"
    )


def _may_lack(context: RuleContext) -> Iterator[Violation]:
    for values in _values(context):
        located = values.located
        asked = located.step.when.names
        used = {name: use.path for use in step_texts(located) for name in use.names}
        for name, path in {**used, **dict(script_names(located))}.items():
            if name not in located.runbook.inputs and name not in BUILT_IN and name not in asked:
                before = values.before(name)
                if before and all(each.can_be_missing(located.step.when) for each in before):
                    giver = located.runbook.steps[before[-1].index].name
                    message = f'{located.called}: the value "{name}" is missing if step {giver} is skipped or fails'
                    subject = f"{located.subject} {name}"
                    yield Violation(located.policy, message, path, subject=subject)


def _invalid(context: RuleContext) -> Iterator[Violation]:
    for located in context.once(located_steps):
        yield from _invalid_in(located.called, step_texts(located), policy=located.policy, subject=located.subject)
    for runbook in context.contract.runbooks:
        policy = str(runbook.origin.policy)
        called, uses = f"a precondition of {runbook.name}", precondition_texts(runbook)
        yield from _invalid_in(called, uses, policy=policy, subject="precondition")


def _invalid_in(called: str, uses: Iterable[TextUse], *, policy: str, subject: str) -> Iterator[Violation]:
    found = {written: use for use in uses for written in invalid_placeholders(use.text)}
    for written, use in found.items():
        message = f"{called}: {written} is not the name of a value"
        yield Violation(policy, message, use.path, subject=f"{subject} {written}")


def _in_script(context: RuleContext) -> Iterator[Violation]:
    for located in context.once(located_steps):
        for action, path in (
            (located.step.action, located.action_path),
            (located.step.rollback_action, located.path("rollback", "script")),
        ):
            if isinstance(action, ScriptAction):
                for name in placeholder_names(action.script):
                    message = f"{located.called}: a script has no placeholders, got {{{{ {name} }}}}"
                    subject = f"{located.subject} {name}"
                    yield Violation(
                        located.policy, message, path, f'Write "${name}", in double quotes.', subject=subject
                    )


RULES = (
    Rule(
        code="OP270",
        family="runbooks",
        severity=Severity.ERROR,
        title="A runbook uses a value that nothing gives",
        why="The step fails when it needs the value; a condition over it is judged with an empty text.",
        remedy="Use the name of an input, or of a value that an earlier step captures or asks for.",
        find=_unknown,
    ),
    Rule(
        code="OP271",
        family="runbooks",
        severity=Severity.NOTE,
        title="A value of a runbook may be missing",
        why="The step that gives it may be skipped; the step that needs it then fails.",
        remedy="Give both steps the same when:, or let a condition on the value decide about the second one.",
        find=_may_lack,
    ),
    Rule(
        code="OP272",
        family="runbooks",
        severity=Severity.ERROR,
        title="Double braces hold something other than the name of a value",
        why="Only names are filled in, so the text would be used with its braces.",
        remedy="Write {{ NAME }}; compute other values in an earlier step and capture them.",
        find=_invalid,
    ),
    Rule(
        code="OP273",
        family="runbooks",
        severity=Severity.ERROR,
        title="A script has a placeholder",
        why="A value in the text of a script could run as a command; values are the script's variables instead.",
        remedy='Write "$NAME", in double quotes.',
        find=_in_script,
    ),
)
