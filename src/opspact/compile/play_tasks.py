"""The tasks of a play in their order, each with the steps whose it is: several steps may share one.

Comes in: what is to be done on hosts. Goes out: tasks, to be written, or to be found again by their names.
"""

from collections.abc import Collection, Iterator

from opspact.compile.loop import StepTask, grouped, title
from opspact.compile.shape import Work
from opspact.steps.base import Step, Task
from opspact.steps.file import File, per_host_source
from opspact.steps.package import Package
from opspact.steps.traits import after_removal
from opspact.structs import Struct


class PlayTask(Struct):
    """One task of a play: its name there, and whose it is. `loop`: the steps' own tasks that it does one after another.

    `task`: what is written, where that is not a loop. `removes`: whether it removes the steps.
    """

    name: str
    steps: tuple[Step, ...]
    task: Task
    loop: tuple[StepTask, ...] = ()
    removes: bool = False


def play_tasks(work: Work, *, varying: Collection[str] = ()) -> Iterator[PlayTask]:
    """Given what is to be done and the paths of files that are each host's own, yield the tasks that do it, in order.

    Removals come first, and what units do about them last: a file that got another name is missing only in between.
    Packages are made in one go, so that lists are read and dependencies settled once, and removed last and together,
    since some may need each other.
    """
    leaving = tuple(step for step in work.remove if isinstance(step, Package))
    for step in work.remove:
        if not isinstance(step, Package):
            yield from (PlayTask(task.name, (step,), task, removes=True) for task in step.removal())
    if leaving:
        for task in Package.system.packages.remove([step.name for step in leaving]):
            yield PlayTask(task.name, leaving, task, removes=True)
    packages = tuple(step for step in work.make if isinstance(step, Package))
    if packages:
        task = Package.system.packages.install([step.name for step in packages])
        yield PlayTask(task.name, packages, task)
    others = (step for step in work.make if not isinstance(step, Package))
    for group in grouped((step, _tasks(step, varying)) for step in others):
        first = group[0].task
        if len(group) == 1:
            yield PlayTask(first.name, (group[0].step,), first)
        else:
            yield PlayTask(title(group), tuple(each.step for each in group), first, loop=group)
    for step in work.remove:
        yield from (PlayTask(task.name, (step,), task, removes=True) for task in after_removal(step))


def _tasks(step: Step, varying: Collection[str]) -> tuple[Task, ...]:
    """Return a step's tasks; a host's own file is looked up."""
    if isinstance(step, File) and step.path in varying:
        return step.tasks_from(per_host_source(step.path))
    return step.tasks()
