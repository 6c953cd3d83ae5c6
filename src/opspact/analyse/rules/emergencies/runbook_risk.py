"""Rules about the risk of runbooks: as high as what the steps do, with a way back, without secrets in the open.

Comes in: a rule context. Goes out: violations.
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from opspact.analyse.destructive_actions import step_losses
from opspact.analyse.host_sets import format_hosts, host_sets, union
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import LocatedStep, located_steps, runbooks_by_name, steps_of
from opspact.analyse.runbook_values import step_texts
from opspact.analyse.shell.commands import commands_of
from opspact.analyse.shell.secrets import secrets_in
from opspact.analyse.shell.state_changes import first_state_change
from opspact.model.finding import Severity
from opspact.model.policies.runbook import OnFailure, Risk
from opspact.model.runbook_actions import (
    Action,
    AnsibleAction,
    CallAction,
    CommandAction,
    FabricAction,
    RestoreAction,
    ScriptAction,
)
from opspact.text.names import join_names

_ORDER = tuple(Risk)
_READING_MODULE = re.compile(r"\w+_(?:info|facts)|assert|debug|fail|gather_facts|ping|set_fact|setup|stat|wait_for")
_SECRET_OPTION = re.compile(r"--?(?:\w+-)*(?:password|passwd|passphrase|secret|token|api-?key)=?", re.IGNORECASE)
_BUILT_INTO_SHELLS = frozenset({"", "echo", "export", "printf", "read", "set", "test", "[", "unset"})


def changes(context: RuleContext) -> Mapping[tuple[str, int], str]:
    """Given a rule context, return in words what each step changes on hosts, as far as is known; empty: nothing."""
    losses = context.once(step_losses)
    return {it.key: _change(it, losses[it.key]) for it in context.once(located_steps)}


def _change(located: LocatedStep, losses: tuple[str, ...]) -> str:
    step = located.step
    if step.destructive or losses:
        return "is destructive" if step.destructive else losses[0]
    match step.action:
        case CommandAction():
            found = first_state_change(shlex.join(step.action.run))
        case ScriptAction():
            found = first_state_change(step.action.script)
        case AnsibleAction():
            found = next((name for name in _modules(step.action) if not _only_reads(name)), "")
        case RestoreAction():
            found = "a restore"
        case _:
            return ""
    return f"changes something ({found})" if found else ""


def _modules(action: AnsibleAction) -> Iterator[str]:
    for task in json.loads(action.tasks):
        yield from (name for name in task if name.count(".") > 1)


def _only_reads(module: str) -> bool:
    return _READING_MODULE.fullmatch(module.rpartition(".")[2]) is not None


def _may_change(located: LocatedStep, context: RuleContext) -> bool:
    """Whether a step changes something, or may: it is not said that it can be repeated."""
    may = isinstance(located.step.action, CommandAction | ScriptAction | FabricAction) and not located.step.idempotent
    return bool(context.once(changes)[located.key]) or may


def _writes(located: LocatedStep, context: RuleContext) -> bool:
    """Whether a step may write on its hosts, or what takes it back does."""
    return _may_change(located, context) or located.step.rollback_action is not None


def _too_low(context: RuleContext) -> Iterator[Violation]:
    risks = {each.name: each.risk for each in context.contract.runbooks}
    for located in context.once(located_steps):
        stated, action = located.runbook.risk, located.step.action
        least, why = Risk.READ_ONLY, context.once(changes)[located.key]
        if why:
            is_lost = located.step.destructive or bool(context.once(step_losses)[located.key])
            least = Risk.DESTRUCTIVE if is_lost else Risk.REVERSIBLE
        elif isinstance(action, CallAction) and action.runbook in risks:
            least, why = risks[action.runbook], f"calls {action.runbook}, which is {risks[action.runbook].value}"
        if _ORDER.index(least) > _ORDER.index(stated):
            message = f"runbook {located.runbook.name} is {stated.value}, but step {located.step.name} {why}"
            yield Violation(located.policy, message, ("risk",), f"Set risk: {least.value}.", subject=located.subject)
        elif stated is Risk.READ_ONLY and _may_change(located, context):
            message = f"runbook {located.runbook.name} is read-only, but step {located.step.name} may change something"
            remedy = "Set idempotent: true if the step only reads."
            severity = Severity.WARNING
            yield Violation(located.policy, message, located.action_path, remedy, severity, subject=located.subject)


def _no_rollback(context: RuleContext) -> Iterator[Violation]:
    for runbook in context.contract.runbooks:
        steps = steps_of(runbook)
        last = max((each.index for each in steps if each.step.on_failure is OnFailure.ROLLBACK), default=-1)
        lacking = [each for each in steps if each.step.rollback_action is None and _may_change(each, context)]
        for located in lacking:
            if located.index <= last:
                message = f"{located.called} has no rollback, though step {runbook.steps[last].name} rolls back"
                yield Violation(located.policy, message, located.action_path, subject=located.subject)
        once = join_names([each.step.name for each in lacking if not each.step.idempotent])
        if last < 0 and once and runbook.risk is Risk.REVERSIBLE:
            message = f"runbook {runbook.name} is reversible, but there is no rollback for {once}"
            yield Violation(str(runbook.origin.policy), message, ("risk",), severity=Severity.NOTE)


def _no_restore_point(context: RuleContext) -> Iterator[Violation]:
    runbooks = context.once(runbooks_by_name)
    for runbook in runbooks.values():
        if runbook.without_restore_point is None and not runbook.restore_points and runbook.risk is not Risk.READ_ONLY:
            message = f"runbook {runbook.name} is {runbook.risk.value}, but takes no restore point"
            yield Violation(str(runbook.origin.policy), message, ("risk",))
    for located in context.once(located_steps):
        action, own = located.step.action, located.runbook
        if (
            not isinstance(action, CallAction)
            or action.runbook not in runbooks
            or own.without_restore_point is not None
        ):
            continue
        missing = [each for each in runbooks[action.runbook].restore_points if each not in own.restore_points]
        if missing:
            message = f"{located.called} calls {action.runbook}, whose restore point {join_names(missing)} is not taken"
            yield Violation(located.policy, message, located.path("runbook", "name"), subject=located.subject)


def _uncovered(context: RuleContext) -> Iterator[Violation]:
    """Find hosts for which a runbook can be run although none of its restore points copies them."""
    sets = context.once(host_sets)
    for runbook in context.contract.runbooks:
        used = [each for each in context.contract.backups if each.name in runbook.restore_points]
        written = union(sets.of(each.hosts) for each in steps_of(runbook) if _writes(each, context))
        covered = union(sets.of(each.hosts) for each in used)
        left = sets.names((sets.of(runbook.hosts) | written) & ~covered) if used else []
        if left:
            names = join_names([each.name for each in used])
            emergencies = [each.name for each in context.contract.emergencies if each.runbook == runbook.name]
            about = f" of emergency {join_names(emergencies)}" if emergencies else ""
            lacking = f"restore point {names} does not cover {format_hosts(left)}"
            message = f"runbook {runbook.name}{about} may write on hosts without a copy: {lacking}"
            yield Violation(str(runbook.origin.policy), message, ("restore_point",))


def _secrets(context: RuleContext) -> Iterator[Violation]:
    for located in context.once(located_steps):
        secret = {name for name, each in located.runbook.inputs.items() if each.secret is not None}
        for use in step_texts(located):
            for name in use.names if not use.is_hidden else ():
                if name in secret:
                    yield _in_the_open(located, f"the secret {name}", use.path)
        for action in (located.step.action, located.step.rollback_action):
            for what in dict.fromkeys(_of_action(action, secret)):
                yield _in_the_open(located, what, located.action_path)


def _in_the_open(located: LocatedStep, what: str, path: tuple[str | int, ...]) -> Violation:
    message = f"{located.called} exposes {what}"
    return Violation(
        located.policy, message, path, subject=f"{located.subject} {what}", hidden="the secret" not in what
    )


def _of_action(action: Action | None, secret: Iterable[str]) -> Iterator[str]:
    match action:
        case CommandAction():
            yield from _literals(action.run)
        case FabricAction():
            yield from _literals([part for each in action.arguments.items() for part in (f"--{each[0]}", each[1])])
        case ScriptAction():
            for command in commands_of(action.script):
                if command.program not in _BUILT_INTO_SHELLS:
                    yield from (f"the secret {name}" for name in secret if _names_variable(command.line, name))
        case AnsibleAction():
            for task in json.loads(action.tasks):
                yield from _of_task(task, secret)


def _names_variable(line: str, name: str) -> bool:
    return re.search(rf"\$(?:{name}\b|\{{{name}\b)", line) is not None


def _of_task(task: Mapping[str, object], secret: Iterable[str]) -> Iterator[str]:
    module = next(name for name in task if name.count(".") > 1)
    is_command = module.rpartition(".")[2] in {"command", "shell", "raw", "script"}
    if task.get("no_log") is True and not is_command:
        return
    written = json.dumps(task[module], ensure_ascii=False)
    for name in secret:
        if re.search(rf"\{{\{{[^}}]*\b{name}\b", written):
            yield f"the secret {name}"


def _literals(arguments: Iterable[str]) -> Iterator[str]:
    """Yield what looks like a secret among arguments."""
    listed = list(arguments)
    for _, what in secrets_in(" ".join(listed).encode()):
        yield what
    for option, value in pairwise(listed):
        if _SECRET_OPTION.fullmatch(option) and "=" not in option and value and not re.search(r"\{\{|^-|^/", value):
            yield "a password or key"


RULES = (
    Rule(
        code="OP281",
        family="runbooks",
        severity=Severity.ERROR,
        title="A runbook may write on a host that its restore point does not cover",
        why="There, it changes data without a copy to go back to.",
        remedy="Add the host to the backup, name another one in restore_point, or narrow hosts of the runbook.",
        find=_uncovered,
    ),
    Rule(
        code="OP282",
        family="runbooks",
        severity=Severity.ERROR,
        title="The risk of a runbook is lower than what its steps do",
        why="By the risk, operators decide at night; a destructive runbook asks for the name of its target first.",
        remedy="Set risk: to the worst that a step can do, those of called runbooks included.",
        find=_too_low,
    ),
    Rule(
        code="OP283",
        family="runbooks",
        severity=Severity.WARNING,
        title="A step of a runbook that is rolled back has no rollback",
        why="After a failure, the host is left between two states.",
        remedy="Add rollback: to the step; set idempotent: true if repeating it is harmless.",
        find=_no_rollback,
    ),
    Rule(
        code="OP284",
        family="runbooks",
        severity=Severity.WARNING,
        title="A runbook that changes something takes no restore point",
        why="The contract requires a backup before data is changed.",
        remedy="Set restore_point: to a backup, or without_restore_point: to the reason why none is needed.",
        find=_no_restore_point,
    ),
    Rule(
        code="OP285",
        family="runbooks",
        severity=Severity.ERROR,
        title="A step of a runbook exposes a secret",
        why="Arguments are visible to every user of a host, and texts are recorded.",
        remedy="Pass the secret in environment: or stdin:, from an input of type secret; no_log: true in tasks.",
        find=_secrets,
    ),
)
