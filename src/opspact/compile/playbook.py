"""Plays as text: one per shape, every task named and with the policy that asks for it beside it.

Comes in: shapes. Goes out: the text of site.yml. Called by compile.project.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from opspact.compile.shapes import Shape
from opspact.compile.yaml_text import lines
from opspact.model.steps.base import Step, Task, Template
from opspact.model.steps.file import File, per_host_source

_HEAD = """\
---
# Written by opspact from the policies named beside each task. Change the policies, not this file.
# By hand: ansible-playbook -i inventory site.yml
"""
_SHOWN_HOSTS = 5


def group_name(shape: Shape) -> str:
    """Given a shape, return its inventory group: a digest of what is done there, so equal work has an equal name."""
    return f"opspact_{sha256(_tasks_text(shape).encode()).hexdigest()[:12]}"


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


def _tasks_text(shape: Shape) -> str:
    blocks = ["\n".join(_task(step, task)) for step in shape.work.remove for task in step.removal()]
    for step in shape.work.make:
        own = isinstance(step, File) and step.path in shape.varying
        tasks = (step.copy_from(per_host_source(step.path)),) if own and isinstance(step, File) else step.tasks()
        blocks += ["\n".join(_task(step, task)) for task in tasks]
    return "\n".join(blocks)


def _task(step: Step, task: Task) -> Iterator[str]:
    yield from (f"    # {origin}" for origin in step.origins)
    keywords = {"name": task.name, task.module: task.arguments, **task.keywords}
    yield from lines([keywords], indent=4)
