"""Plays as text: one per shape, every task named and with the policy that asks for it beside it.

Comes in: shapes. Goes out: the text of site.yml. Called by compile.project.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from opspact.compile.shapes import Shape
from opspact.compile.yaml_text import lines
from opspact.model.origin import Origin
from opspact.model.steps.base import Step, Task, Template
from opspact.model.steps.file import File, per_host_source
from opspact.model.steps.package import Package, install
from opspact.schema.letters import escaped

_HEAD = """\
---
# Written by opspact from the policies named beside each task. Change the policies, not this file.
# By hand: ansible-playbook -i inventory site.yml
"""
_SHOWN_HOSTS = 5
_WIDTH = 150


def group_name(shape: Shape) -> str:
    """Given a shape, return its inventory group: a digest of what is done there, so equal work has an equal name."""
    tasks = "\n".join(line for of_step in _written(shape) for line in of_step.lines)
    return f"opspact_{sha256(tasks.encode()).hexdigest()[:12]}"


def playbook(shapes: Sequence[Shape]) -> str:
    """Given shapes, return the playbook that does their work, a play each, in their order."""
    return _HEAD + "\n".join(_play(shape) for shape in shapes)


def _play(shape: Shape) -> str:
    hosts = ", ".join(shape.hosts[:_SHOWN_HOSTS])
    if more := len(shape.hosts) - _SHOWN_HOSTS:
        hosts += f" and {more} more" if more > 0 else ""
    title = f"{len(shape.hosts)} host{'s' if len(shape.hosts) > 1 else ''}: {hosts}"
    play = {
        "name": f"Keep the promises on {title}",
        "hosts": group_name(shape),
        "gather_facts": False,
        "become": True,
        # A dry run cannot see what an earlier task would have made; its complaints are shown, not fatal.
        "ignore_errors": Template("{{ ansible_check_mode }}"),
    }
    return "\n".join([*lines([play]), "  tasks:", _tasks_text(shape)]) + "\n"


@dataclass(frozen=True, slots=True)
class _Written:
    """One task: who asks for it, and its lines."""

    origins: tuple[Origin, ...]
    lines: tuple[str, ...]


def _written(shape: Shape) -> Iterator[_Written]:
    for step in shape.work.remove:
        for task in step.removal():
            yield _task(step.origins, task)
    packages = [step for step in shape.work.make if isinstance(step, Package)]
    if packages:  # in one go: apt reads its lists and settles dependencies once
        origins = tuple(sorted({origin for step in packages for origin in step.origins}))
        yield _task(origins, install([step.name for step in packages]))
    for step in shape.work.make:
        for task in _tasks(step, shape):
            yield _task(step.origins, task)


def _tasks(step: Step, shape: Shape) -> tuple[Task, ...]:
    """Return a step's tasks in this shape: packages stand in one of their own, a host's own file is looked up."""
    match step:
        case Package():
            return ()
        case File() if step.path in shape.varying:
            return (step.copy_from(per_host_source(step.path)),)
        case _:
            return step.tasks()


def _task(origins: tuple[Origin, ...], task: Task) -> _Written:
    keywords = {"name": task.name, task.module: task.arguments, **task.keywords}
    return _Written(origins, tuple(lines([keywords], indent=4)))


def _tasks_text(shape: Shape) -> str:
    return "\n".join(
        line for task in _written(shape) for line in (*(_comment(origin) for origin in task.origins), *task.lines)
    )


def _comment(origin: Origin) -> str:
    """Return an origin as comment lines; a line's end in a file's name never ends the comment."""
    head = "    # "
    wrapper = textwrap.TextWrapper(
        _WIDTH,
        initial_indent=head,
        subsequent_indent=f"{head}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.fill(escaped(str(origin)))
