"""What of a host's work goes on after a failure there: the steps that do not depend on what failed.

In: the work of a run, and where the host stopped. Out: the work that is left. docs/decisions/0027-independent-steps.md
says what counts as depending.
"""

from collections.abc import Iterable

from opspact.compile.play_tasks import play_tasks
from opspact.compile.shape import Work
from opspact.fleet.ansible import HostRun
from opspact.plan.own_login import can_cut_login
from opspact.steps.account import Account
from opspact.steps.base import Step
from opspact.steps.directory import Directory
from opspact.steps.package import Package
from opspact.steps.traits import follows, requires

_SERVICES = 70  # the rank from which on steps start something that reads what earlier ones have made


def after_failure(work: Work, run: HostRun) -> Work:
    """Given a host's work and the run in which a task of it failed, return what is left to do and can be done.

    Nothing is left when the task is not one of this work's. After a step that could not be made, no unit reads that
    files are gone: their successor may be what failed. The next apply has it read that.
    """
    tasks = list(play_tasks(work))
    place = next((place for place, task in enumerate(tasks) if task.name == run.task), len(tasks))
    if place == len(tasks):
        return Work()
    failed = [step for step in tasks[place].steps if not run.items or step.subject in run.items]
    later = tasks[place + 1 :]
    left = [{id(step) for task in later if task.removes is removes for step in task.steps} for removes in (True, False)]
    leaving = work.remove if tasks[place].removes else ()
    remove = _independent((step for step in leaving if id(step) in left[0]), failed)
    make = _independent((step for step in work.make if id(step) in left[1]), failed)
    return Work(tuple(make), tuple(remove))


def _independent(steps: Iterable[Step], failed: Iterable[Step]) -> list[Step]:
    """Return the steps that depend neither on a failed one nor on one that waits for a failed one."""
    undone, independent = list(failed), list[Step]()
    for step in steps:
        (undone if step in undone or any(_depends(step, other) for other in undone) else independent).append(step)
    return independent


def _depends(step: Step, other: Step) -> bool:
    """Whether a step is not to be made while another one could not be."""
    if other.identity in {*follows(step), *requires(step)} or not set(step.paths).isdisjoint(other.paths):
        return True
    if can_cut_login(step) and can_cut_login(other):
        return True
    match other:
        case Directory():
            if any(path.startswith(f"{other.path}/") for path in step.paths):
                return True
        case Account():
            if other.name in {getattr(step, name, "") for name in ("owner", "group", "account_name", "account")}:
                return True
    policies = ({origin.policy for origin in each.origins} for each in (step, other))
    return (step.rank >= _SERVICES or isinstance(other, Package)) and not next(policies).isdisjoint(next(policies))
