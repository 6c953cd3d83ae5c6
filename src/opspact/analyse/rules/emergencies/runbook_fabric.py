"""Rules about steps of kind fabric: the fabfile has their task, and the task takes their arguments.

Comes in: a rule context. Goes out: violations. The fabfile is read, never run.
"""

import ast
from collections.abc import Iterator, Mapping

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import LocatedStep, Path, format_suggestion, located_steps
from opspact.model.finding import Severity
from opspact.model.runbook_actions import FabricAction
from opspact.structs import Struct
from opspact.text.names import join_names
from opspact.text.suggestions import did_you_mean

_FABFILE = "runbooks/fabfile.py"
_COLLECTION = "Collection"


class _Task(Struct):
    """A task: the arguments that it needs, all that it takes (None: any)."""

    needed: frozenset[str]
    taken: frozenset[str] | None


def fabric_tasks(context: RuleContext) -> Mapping[str, _Task | None] | None:
    """Given a rule context, return the tasks of the fabfile by name (None: what it takes is unknown).

    None: which tasks there are cannot be read from the text, since it is no Python or makes its tasks when it runs.
    """
    content = context.contract.files.get(_FABFILE)
    try:
        tree = ast.parse(content or b"")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if _COLLECTION in names or any(map(_is_open, ast.iter_child_nodes(tree))):
        return None
    found: dict[str, _Task | None] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name): None for alias in node.names}
        if isinstance(node, ast.FunctionDef) and (marks := [mark for mark in node.decorator_list if _is_task(mark)]):
            found |= dict.fromkeys(_names(node, marks[0]), _task(node))
    return found


def _is_open(node: ast.AST) -> bool:
    """Whether a statement may define any task: all names of another module, or a block that runs or does not."""
    is_star = isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    return is_star or isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try)


def _is_task(mark: ast.expr) -> bool:
    target = mark.func if isinstance(mark, ast.Call) else mark
    return (target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")) == "task"


def _names(node: ast.FunctionDef, mark: ast.expr) -> set[str]:
    """Return the names by which a task is called: its own, the one of its decorator, further ones."""
    found = {node.name}
    for word in mark.keywords if isinstance(mark, ast.Call) else ():
        if word.arg in {"name", "aliases"}:
            constants = (each.value for each in ast.walk(word.value) if isinstance(each, ast.Constant))
            found |= {each for each in constants if isinstance(each, str)}
    return {each.replace("-", "_") for each in found}


def _task(node: ast.FunctionDef) -> _Task:
    positional = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][1:]
    defaults = len(node.args.defaults)
    needed = {*positional[: len(positional) - defaults]}
    keywords = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    needed |= {each.arg for each, default in keywords if default is None}
    taken = {*positional, *(each.arg for each in node.args.kwonlyargs)}
    return _Task(frozenset(needed), None if node.args.kwarg else frozenset(taken))


def _unknown(context: RuleContext) -> Iterator[Violation]:
    tasks = context.once(fabric_tasks)
    if tasks is None:
        return
    for located in context.once(located_steps):
        for action, path in (
            (located.step.action, located.path("fabric")),
            (located.step.rollback_action, located.path("rollback", "fabric")),
        ):
            if isinstance(action, FabricAction):
                yield from _of_step(located, action, path, tasks=tasks)


def _of_step(
    located: LocatedStep, action: FabricAction, path: Path, *, tasks: Mapping[str, _Task | None]
) -> Iterator[Violation]:
    if action.task not in tasks:
        message = f"{located.called}: the fabfile has no task {action.task}"
        hint = format_suggestion(did_you_mean(action.task, tasks))
        yield Violation(located.policy, message, (*path, "task"), hint, subject=f"{located.subject} {action.task}")
        return
    task = tasks[action.task]
    if task is None:
        return
    taken = action.arguments.keys() if task.taken is None else task.taken
    for name in action.arguments:
        if name not in taken:
            message = f"{located.called}: task {action.task} takes no argument {name}"
            hint = format_suggestion(did_you_mean(name, taken))
            subject = f"{located.subject} {name}"
            yield Violation(located.policy, message, (*path, "arguments", name), hint, subject=subject)
    if missing := sorted(task.needed - action.arguments.keys()):
        message = f"{located.called}: task {action.task} needs {join_names(missing)}"
        yield Violation(located.policy, message, (*path, "task"), subject=f"{located.subject} {action.task} needs")


RULES = (
    Rule(
        code="OP287",
        family="runbooks",
        severity=Severity.ERROR,
        title="A step calls a task that the fabfile does not have, or with other arguments",
        why="The step fails when it is needed.",
        remedy="Use a task of runbooks/fabfile.py, with its arguments.",
        find=_unknown,
    ),
)
