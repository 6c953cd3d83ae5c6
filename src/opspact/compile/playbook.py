"""Plays as text: one per shape, every task named and with the policy that asks for it beside it.

Comes in: shapes. Goes out: the text of site.yml.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from opspact.compile.loop import StepTask, grouped, loop
from opspact.compile.shape import Shape
from opspact.compile.yaml_text import lines
from opspact.model import names
from opspact.model.origin import Origin
from opspact.steps.base import Step, Task, Template
from opspact.steps.file import File, per_host_source
from opspact.steps.package import Package, install, remove
from opspact.text.counts import format_count
from opspact.text.names import list_names
from opspact.text.unicode import escaped

_HEAD = """\
---
# Written by opspact from the policies named beside each task. Change the policies, not this file.
# By hand: ansible-playbook -i inventory site.yml
"""
_WIDTH = 150


def group_name(shape: Shape) -> str:
    """Given a shape, return its inventory group: a digest of what is done there, so equal work has an equal name."""
    tasks = "\n".join(_written(shape, comments=False))
    return names.shape_group(sha256(tasks.encode()).hexdigest())


def playbook(shapes: Sequence[Shape]) -> str:
    """Given shapes, return the playbook that does their work, a play each, in their order."""
    return _HEAD + "\n".join(_play(shape) for shape in shapes)


def _play(shape: Shape) -> str:
    title = f"{format_count(len(shape.hosts), 'host')}: {list_names(shape.hosts)}"
    play = {
        "name": f"Apply the policies to {title}",
        "hosts": group_name(shape),
        "gather_facts": False,
        "become": True,
        # A dry run cannot see what an earlier task would have made; its complaints are shown, not fatal.
        "ignore_errors": Template("{{ ansible_check_mode }}"),
    }
    return "\n".join([*lines([play]), "  tasks:", *_written(shape)]) + "\n"


def _written(shape: Shape, *, comments: bool = True) -> Iterator[str]:
    """Yield the lines of a shape's tasks; comments say who asks for each."""
    yield from _taken_away(shape.work.remove, comments=comments)
    packages = [step for step in shape.work.make if isinstance(step, Package)]
    if packages:  # in one go: apt reads its lists and settles dependencies once
        origins = tuple(sorted({origin for step in packages for origin in step.origins}))
        yield from _one(install([step.name for step in packages]), origins, comments=comments)
    others = (step for step in shape.work.make if not isinstance(step, Package))
    for group in grouped((step, _tasks(step, shape)) for step in others):
        if len(group) == 1:
            yield from _one(group[0].task, group[0].step.origins, comments=comments)
        else:
            yield from _several(group, comments=comments)


def _taken_away(steps: Sequence[Step], *, comments: bool) -> Iterator[str]:
    """Yield the lines of the tasks that take steps away; packages last and together: some may need each other."""
    packages = [step.name for step in steps if isinstance(step, Package)]
    tasks = [(task, step.origins) for step in steps if not isinstance(step, Package) for task in step.removal()]
    tasks += [(task, ()) for task in remove(packages)] if packages else []
    for task, origins in tasks:
        yield from _one(task, origins, comments=comments)


def _tasks(step: Step, shape: Shape) -> tuple[Task, ...]:
    """Return a step's tasks in this shape: a host's own file is looked up."""
    if isinstance(step, File) and step.path in shape.varying:
        return step.tasks_from(per_host_source(step.path))
    return step.tasks()


def _one(task: Task, origins: Iterable[Origin], *, comments: bool) -> Iterator[str]:
    if comments:
        yield from (_comment(origin, 4) for origin in origins)
    yield from lines([{"name": task.name, task.module: task.arguments, **task.keywords}], indent=4)


def _several(group: Sequence[StepTask], *, comments: bool) -> Iterator[str]:
    """Yield the lines of one task that does a whole group, with who asks for it beside each item."""
    made = loop(group)
    task = {"name": made.name, made.module: made.arguments, **made.keywords, "loop_control": made.control}
    yield from lines([task], indent=4)
    yield "      loop:"
    for tasks, item in zip(group, made.items, strict=True):
        if comments:
            yield from (_comment(origin, 8) for origin in tasks.step.origins)
        yield from lines([item], indent=8)


def _comment(origin: Origin, indent: int) -> str:
    """Return an origin as comment lines; a line's end in a file's name never ends the comment."""
    head = f"{' ' * indent}# "
    wrapper = textwrap.TextWrapper(
        _WIDTH,
        initial_indent=head,
        subsequent_indent=f"{head}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.fill(escaped(str(origin)))
