"""The values of a runbook: which names its texts and conditions ask for, and what gives each of them.

Comes in: runbooks. Goes out: uses of names, and where each name comes from.
"""

import json
import re
from collections.abc import Iterator, Mapping

from opspact.analyse.runbook_steps import LocatedStep, Path, action_word
from opspact.model import runbook_actions as actions
from opspact.model.condition import Condition
from opspact.model.policies.runbook import OnFailure, Runbook, StepHosts
from opspact.model.text import Text
from opspact.structs import Struct, replace
from opspact.values.placeholders import placeholder_names
from opspact.values.script_variables import needed_variables

OWN = frozenset({"output", "exit_code", "changed"})
"""Values of the step itself, for what it asserts."""
_VARIABLE = re.compile(r"\$\{?([a-z][a-z0-9_]*)")


class TextUse(Struct):
    """A text in which values may stand, and where it is written.

    `is_hidden`: no other user of a host sees it. `is_rollback`: it takes its step back, so it may use what that gave.
    """

    text: str
    path: Path
    is_hidden: bool = False
    is_rollback: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the values that it asks for."""
        return placeholder_names(self.text)


def step_texts(located: LocatedStep) -> Iterator[TextUse]:
    """Given a step, yield its texts in which placeholders are filled; scripts and tasks of Ansible are none."""
    step = located.step
    yield from _action_texts(step.action, located.action_path, located)
    if step.rollback_action is not None:
        word = action_word(step.rollback_action)
        for use in _action_texts(step.rollback_action, located.path("rollback", word), located):
            yield replace(use, is_rollback=True)


def needed_values(located: LocatedStep) -> Iterator[tuple[str, TextUse]]:
    """Given a step, yield the names of the values without which it, or its rollback, cannot be carried out."""
    for use in step_texts(located):
        for name in use.names:
            yield name, use
    for is_rollback, action in enumerate((located.step.action, located.step.rollback_action)):
        if isinstance(action, actions.ScriptAction):
            path = located.path("rollback", "script") if is_rollback else located.action_path
            for name in needed_variables(action.script):
                yield name, TextUse(action.script, path, is_rollback=bool(is_rollback))


def precondition_texts(runbook: Runbook) -> Iterator[TextUse]:
    """Given a runbook, yield the texts of its preconditions."""
    for index, each in enumerate(runbook.preconditions):
        yield from _check_texts(each.checks, ("preconditions", index, "check"))


def _action_texts(action: actions.Action, path: Path, located: LocatedStep) -> Iterator[TextUse]:
    match action:
        case actions.CommandAction() | actions.ScriptAction():
            yield from _command_texts(action, path, located)
        case actions.FabricAction():
            yield from _named(action.arguments, (*path, "arguments"))
        case actions.CheckAction():
            yield from _check_texts(action.checks, path)
        case actions.WaitAction():
            yield from _check_texts(action.checks, (*path, "until"))
        case actions.ManualAction():
            yield from _languages(action.text, path)
        case actions.NotifyAction():
            yield from _languages(action.message, (*path, "message"))
        case actions.RestoreAction():
            yield from _restore_texts(action, path)
        case actions.CallAction():
            yield from _named(action.inputs, (*path, "inputs"))


def _command_texts(
    action: actions.CommandAction | actions.ScriptAction, path: Path, located: LocatedStep
) -> Iterator[TextUse]:
    if isinstance(action, actions.CommandAction):
        for index, text in enumerate(action.run):
            yield TextUse(text, (*path, index))
    for name, text in action.environment.items():
        yield TextUse(text, located.path("environment", name), is_hidden=True)
    if action.stdin is not None:
        yield TextUse(action.stdin, located.path("stdin"), is_hidden=True)


def _named(texts: Mapping[str, str], path: Path) -> Iterator[TextUse]:
    for name, text in texts.items():
        yield TextUse(text, (*path, name))


def _languages(text: Text, path: Path) -> Iterator[TextUse]:
    for each in dict.fromkeys((text.en, text.zh)):
        yield TextUse(each or "", path)


def _restore_texts(action: actions.RestoreAction, path: Path) -> Iterator[TextUse]:
    for name, text in (
        *(("database", action.database), ("as", action.new_name), ("to", action.folder), ("at", action.at)),
        *(("files", text) for text in action.files),
    ):
        yield TextUse(text, (*path, name))


def _check_texts(checks: tuple[actions.RunbookCheck, ...], path: Path) -> Iterator[TextUse]:
    for index, check in enumerate(checks):
        for text in _texts_of_check(check):
            yield TextUse(text, (*path, index))


def _texts_of_check(check: actions.RunbookCheck) -> Iterator[str]:
    match check:
        case actions.UnitCheck() | actions.PackageCheck() | actions.ProcessCheck():
            yield check.name
        case actions.FileCheck():
            yield from (check.path, check.contains or "")
        case actions.CommandCheck():
            yield from check.run
        case actions.TcpCheck():
            yield check.address
        case actions.HttpCheck():
            yield from (check.url, check.contains)


class ValueSource(Struct):
    """Where a value comes from: a step, by its index. `may_fail`: it may not give it even where it is carried out."""

    index: int
    condition: Condition
    may_fail: bool
    path: Path

    def can_be_missing(self, condition: Condition) -> bool:
        """Given the condition of a step after it, return whether the value may be missing there."""
        return self.may_fail or (bool(self.condition.alternatives) and self.condition != condition)


def value_sources(runbook: Runbook) -> dict[str, list[ValueSource]]:
    """Given a runbook, return what its steps give, by name: captures and answers."""
    found: dict[str, list[ValueSource]] = {}
    jumps = gotos(runbook)
    for index, step in enumerate(runbook.steps):
        is_jumped = any(start < index < end for start, end in jumps)
        places = [("capture", name) for name in step.captures]
        if isinstance(step.action, actions.ManualAction):
            places += [("ask", name) for name in step.action.questions]
        for word, name in places:
            may_fail = is_jumped or step.on_failure in {OnFailure.CONTINUE, OnFailure.ASK}
            value = ValueSource(index, step.when, may_fail, ("steps", index, word, name))
            found.setdefault(name, []).append(value)
    return found


def gotos(runbook: Runbook) -> list[tuple[int, int]]:
    """Given a runbook, return its gotos: from which step to which one, by index."""
    places = {step.name: index for index, step in enumerate(runbook.steps)}
    return [(index, places[step.goto]) for index, step in enumerate(runbook.steps) if step.goto in places]


def used_names(runbook: Runbook, steps: tuple[LocatedStep, ...]) -> frozenset[str]:
    """Given a runbook and its steps, return every name that something in it may use, in whatever way."""
    uses = [*precondition_texts(runbook), *(use for located in steps for use in step_texts(located))]
    names = {name for use in uses for name in use.names}
    hosts = [*(each.hosts for each in runbook.preconditions), *(step.hosts for step in runbook.steps)]
    names.update(each.input for each in hosts if each != StepHosts())
    for step in runbook.steps:
        names.update(step.when.names, step.asserted.names)
        for action in (step.action, step.rollback_action):
            names.update(_free_names(action))
    return frozenset(names)


def _free_names(action: actions.Action | None) -> Iterator[str]:
    """Yield the names that a script or tasks of Ansible may use."""
    if isinstance(action, actions.ScriptAction):
        yield from _VARIABLE.findall(action.script)
    if isinstance(action, actions.AnsibleAction):
        yield from re.findall(r"[a-z][a-z0-9_]*", action.tasks)
    if isinstance(action, actions.FabricAction):
        yield from re.findall(r"[a-z][a-z0-9_]*", json.dumps(dict(action.arguments)))
