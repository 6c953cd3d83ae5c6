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
    needed_values,
    precondition_texts,
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

    def before(self, name: str, *, rollback: bool = False) -> list[ValueSource]:
        """Return what gives a name before the step, or before its rollback: the step itself then, too."""
        end = self.located.index + 1 if rollback else self.located.index
        return [each for each in self.given.get(name, []) if each.index < end]

    def is_known(self, name: str, *, rollback: bool = False) -> bool:
        """Whether a text of the step, or of its rollback, may ask for a name."""
        is_input = name in BUILT_IN or name in self.located.runbook.inputs
        return is_input or bool(self.before(name, rollback=rollback))

    def can_be_missing(self, name: str, *, rollback: bool) -> bool:
        """Whether a value that steps give may be missing where the step, or its rollback, needs it."""
        own, asked = self.located.index, self.located.step.when
        givers = self.before(name, rollback=rollback)
        return bool(givers) and all(each.index == own or each.can_be_missing(asked) for each in givers)

    def explain_missing(self, name: str, *, rollback: bool) -> str:
        """Return when a value is missing that the step, or its rollback, needs."""
        giver = self.before(name, rollback=rollback)[-1].index
        step = self.located.runbook.steps[giver].name
        when = "the step fails" if giver == self.located.index else f"step {step} is skipped or fails"
        what = f"the rollback of {self.located.called}" if rollback else self.located.called
        return f'{what}: the value "{name}" is missing if {when}'

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
        unknown = {
            name: use
            for use in step_texts(located)
            for name in use.names
            if not values.is_known(name, rollback=use.is_rollback)
        }
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
        certain = {*located.runbook.inputs, *BUILT_IN, *located.step.when.names}
        lacking: dict[str, TextUse] = {}
        for name, use in needed_values(located):
            if name not in certain and values.can_be_missing(name, rollback=use.is_rollback):
                lacking.setdefault(name, use)
        for name, use in lacking.items():
            message = values.explain_missing(name, rollback=use.is_rollback)
            yield Violation(located.policy, message, use.path, subject=f"{located.subject} {name}")


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
        why="The step that gives it may be skipped or fail; the step or the rollback that needs it then fails.",
        remedy="Give both steps the same when:, let a condition on the value decide, or give the value earlier.",
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
