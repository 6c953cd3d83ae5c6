"""Alike tasks of neighbouring steps become one task with a loop: far fewer round trips, and the same work.

Comes in: steps with their tasks, in order. Goes out: groups of tasks to be written as one. Called by compile.playbook.
Why: Ansible starts a process for every task and host; what that saves is told in docs/performance.md.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from opspact.model.steps.base import Step, Task, Template

_LABELS: Mapping[str, str] = {
    "ansible.builtin.copy": "dest",
    "ansible.builtin.file": "path",
    "ansible.builtin.user": "name",
}
"""The modules that are called in loops, and the argument that says which item it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A task and the step that asks for it."""

    step: Step
    task: Task


def grouped(asked: Iterable[tuple[Step, Sequence[Task]]]) -> Iterator[tuple[Asked, ...]]:
    """Given steps and their tasks, in order, yield groups of alike tasks, most of them groups of one.

    Of neighbouring steps whose tasks are alike, all first tasks come first, then all second ones: what a step's task
    needs of the step's earlier ones is there all the same.
    """
    for key, run in groupby(asked, key=lambda pair: _likeness(pair[0], pair[1])):
        together = list(run)
        if key is None:
            yield from ((Asked(step, task),) for step, tasks in together for task in tasks)
        else:
            for place in range(len(together[0][1])):
                yield tuple(Asked(step, tasks[place]) for step, tasks in together)


def _likeness(step: Step, tasks: Sequence[Task]) -> Hashable:
    """Return what steps have in common that may share loops; None for one that may not."""
    if any(task.keywords or task.module not in _LABELS for task in tasks):
        return None
    return (step.kind, tuple((task.module, tuple(task.arguments)) for task in tasks))


@dataclass(frozen=True, slots=True)
class Loop:
    """Alike tasks as one: its name, the module's arguments, the items, and how an item is called in Ansible's output.

    An item holds the arguments that differ, alone.
    """

    name: str
    module: str
    arguments: Mapping[str, object]
    items: tuple[Mapping[str, object], ...]
    label: Template


def loop(tasks: Sequence[Task]) -> Loop:
    """Given two or more alike tasks, return them as one. Only what differs between them is in the items."""
    first = tasks[0]
    label = _LABELS[first.module]
    varying = [name for name in first.arguments if name == label or _differs(tasks, name)]
    arguments = {
        name: Template("{{ item." + name + " }}") if name in varying else value
        for name, value in first.arguments.items()
    }
    items = tuple({name: task.arguments[name] for name in varying} for task in tasks)
    name = f"{first.name} and {len(tasks) - 1} more"
    return Loop(name, first.module, arguments, items, Template("{{ item." + label + " }}"))


def _differs(tasks: Sequence[Task], argument: str) -> bool:
    values = [task.arguments[argument] for task in tasks]
    return any(value != values[0] or type(value) is not type(values[0]) for value in values)
