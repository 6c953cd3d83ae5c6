"""Plays as text: one per shape, every task named and with the policy that asks for it beside it.

Comes in: shapes. Goes out: the text of site.yml.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from opspact.compile.loop import StepTask, loop
from opspact.compile.play_tasks import play_tasks
from opspact.compile.shape import Shape
from opspact.compile.yaml_text import lines
from opspact.model import names
from opspact.model.origin import Origin
from opspact.steps.base import Task, Template
from opspact.steps.package import Package
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
    for task in play_tasks(shape.work, varying=shape.varying):
        if task.loop:
            yield from _several(task.loop, comments=comments)
        else:
            # Packages that leave together are asked for by nobody any more.
            named = not task.removes or not isinstance(task.steps[0], Package)
            origins = sorted({origin for step in task.steps for origin in step.origins}) if named else ()
            yield from _one(task.task, origins, comments=comments)


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
    for each, item in zip(group, made.items, strict=True):
        if comments:
            yield from (_comment(origin, 8) for origin in each.step.origins)
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
