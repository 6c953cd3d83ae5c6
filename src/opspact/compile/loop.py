"""Similar tasks of adjacent steps become one task with a loop: far fewer round trips, and the same work.

Comes in: steps with their tasks, in order. Goes out: groups of tasks to be written as one. Why: Ansible starts a
process for every task and host; docs/performance.md has figures.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from opspact.steps.base import POSITION, Step, Task, Template
from opspact.structs import Struct

_LABELS: Mapping[str, str] = {
    "ansible.builtin.copy": "dest",
    "ansible.builtin.file": "path",
    "ansible.builtin.systemd_service": "name",
    "ansible.builtin.user": "name",
}
"""Modules that are called in loops, and the argument that says which item it is."""

_HARMLESS = _LABELS.keys() - {"ansible.builtin.systemd_service"}
"""Modules whose tasks may be looped although nobody says so."""

_SUBJECT = "subject"
"""What says which item it is where no argument does."""

_LEFT_OUT = {"ansible.builtin.copy": frozenset({"validate"})}
"""Arguments that some items of a loop may lack."""


class StepTask(Struct):
    """A task and the step that asks for it."""

    step: Step
    task: Task


def grouped(pairs: Iterable[tuple[Step, Sequence[Task]]]) -> Iterator[tuple[StepTask, ...]]:
    """Given steps and their tasks, in order, yield groups of alike tasks, most of them groups of one.

    Of neighbouring steps whose tasks are alike, all first tasks come first, then all second ones: what a step's task
    needs of the step's earlier ones is there all the same.
    """
    for key, run in groupby(pairs, key=lambda pair: _likeness(pair[0], pair[1])):
        together = list(run)
        if key is None:
            yield from ((StepTask(step, task),) for step, tasks in together for task in tasks)
        else:
            for place in range(len(together[0][1])):
                yield tuple(StepTask(step, tasks[place]) for step, tasks in together)


def _likeness(step: Step, tasks: Sequence[Task]) -> Hashable:
    """Return what steps have in common that may share loops; None for one that may not."""
    if not all(_may_loop(task) for task in tasks):
        return None
    return (step.kind, tuple(_form(task) for task in tasks))


def _may_loop(task: Task) -> bool:
    return task.in_loop is not None or (not task.keywords and task.module in _HARMLESS)


def _form(task: Task) -> Hashable:
    """Return what two tasks must have in common, to be items of one loop."""
    needed = frozenset(task.arguments) - _LEFT_OUT.get(task.module, frozenset())
    return (task.module, needed, tuple(task.keywords.items()), tuple((task.in_loop or {}).items()))


def title(group: Sequence[StepTask]) -> str:
    """Given two or more similar tasks, return the name of the one that does them all."""
    return f"{group[0].task.name} and {len(group) - 1} more"


class Loop(Struct):
    """Alike tasks as one: its name, module, arguments and keywords, the items, and how Ansible's output calls an item.

    An item holds the arguments that differ, alone. `counted`: the arguments ask for an item's place in the loop.
    """

    name: str
    module: str
    arguments: Mapping[str, object]
    keywords: Mapping[str, object]
    items: tuple[Mapping[str, object], ...]
    label: Template
    counted: bool

    @property
    def control(self) -> Mapping[str, object]:
        """Ansible's `loop_control`."""
        return {"label": self.label, **({"index_var": POSITION} if self.counted else {})}


def loop(pairs: Sequence[StepTask]) -> Loop:
    """Given two or more similar tasks and their steps, return them as one. Only what differs is in the items."""
    tasks = [each.task for each in pairs]
    first = tasks[0]
    label = _LABELS.get(first.module, _SUBJECT)
    in_loop = first.in_loop or {}
    names = dict.fromkeys(name for task in tasks for name in task.arguments)
    varying = [name for name in names if name not in in_loop and (name == label or _differs(tasks, name))]
    items = tuple(_item(each, varying, label) for each in pairs)
    return Loop(
        name=title(pairs),
        module=first.module,
        arguments={name: in_loop.get(name, _argument(tasks, name, varying)) for name in names},
        keywords=first.keywords,
        items=items,
        label=Template("{{ item." + label + " }}"),
        counted=bool(in_loop),
    )


def _argument(tasks: Sequence[Task], name: str, varying: Sequence[str]) -> object:
    """Return an argument as the loop's task gives it to the module: the item's, or what all tasks have in common."""
    if name not in varying:
        return tasks[0].arguments[name]
    otherwise = "" if all(name in task.arguments for task in tasks) else " | default(omit)"
    return Template("{{ item." + name + otherwise + " }}")


def _item(pair: StepTask, varying: Sequence[str], label: str) -> Mapping[str, object]:
    item = {name: pair.task.arguments[name] for name in varying if name in pair.task.arguments}
    return item if label in item else {label: pair.step.subject, **item}


def _differs(tasks: Sequence[Task], argument: str) -> bool:
    values = [task.arguments.get(argument) for task in tasks]
    return any(value != values[0] or type(value) is not type(values[0]) for value in values)
