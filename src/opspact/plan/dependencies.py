"""What apply defers: a step that acts on another host too, where nothing can be done at the moment.

In: a host's plan, and whether the hosts on which its steps depend (a backup server) are available. Out: the plan with
those steps deferred, each with its reason.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan
from opspact.steps.base import Step
from opspact.steps.check import HostResult, Reach
from opspact.steps.traits import depends_on, required_on_hosts
from opspact.structs import Struct, replace


class Availability(Struct):
    """Whether a host on which others depend is available.

    `closed` says why nothing can be done there now, empty: something can. `lacks` are the identities of steps that are
    not there and that this apply does not make; `chosen`: it is among the hosts of this apply.
    """

    name: str
    closed: str = ""
    lacks: frozenset[str] = frozenset()
    chosen: bool = True

    def reason(self, step: Step) -> str:
        """Given a step that depends on this host, return why it cannot be made now; empty: it can."""
        if self.closed or self.lacks.isdisjoint(required_on_hosts(step)):
            return self.closed
        if self.chosen:
            return f"depends on {self.name}, which is not prepared, and this apply cannot prepare it"
        return f"depends on {self.name}, which is not prepared: include {self.name} in the apply"


def availability(result: HostResult, plan: HostPlan | None) -> Availability:
    """Given what was seen of a host on which others depend, and its plan (None: not chosen), judge it."""
    name, chosen = result.name, plan is not None
    if result.reach is Reach.BUSY:
        by = f": {result.detail}" if result.detail else ""
        return Availability(name, f"depends on {name}, which is busy{by}", chosen=chosen)
    if result.reach is not Reach.REACHED:
        return Availability(name, f"depends on {name}, which was not reached ({result.reach.value})", chosen=chosen)
    coming = {change.step.identity for change in plan.makes()} if plan else set()
    absent = {check.step.identity for check in result.checks if check.present is False}
    return Availability(name, lacks=frozenset(absent - coming), chosen=chosen)


def host_dependencies(plan: HostPlan) -> Iterator[tuple[str, Step]]:
    """Given a host's plan, yield each other host on which something to be done there depends, with that step."""
    for change in plan.of(Action.ADD, Action.CHANGE, Action.REMOVE):
        for name in depends_on(change.step):
            yield name, change.step


def with_deferred(plan: HostPlan, availabilities: Mapping[str, Availability]) -> HostPlan:
    """Given a host's plan and the availability of the hosts on which it depends, return it with what waits deferred.

    A removal needs only that something can be done there. A host without an availability is taken to be available.
    """
    judged = tuple(_judged(change, availabilities) for change in plan.changes)
    return plan if judged == plan.changes else replace(plan, changes=judged)


def _judged(change: Change, availabilities: Mapping[str, Availability]) -> Change:
    why = _reason(change, availabilities)
    return replace(change, action=Action.DEFERRED, why=why) if why else change


def _reason(change: Change, availabilities: Mapping[str, Availability]) -> str:
    """Return why a change cannot be made now because of another host; empty: it can."""
    there = (availabilities[name] for name in depends_on(change.step) if name in availabilities)
    match change.action:
        case Action.ADD | Action.CHANGE:
            reasons = (it.reason(change.step) for it in there)
        case Action.REMOVE:
            reasons = (it.closed for it in there)
        case Action.RELEASE | Action.DEPENDENT | Action.MANUAL | Action.DEFERRED:
            return ""
        case _:
            assert_never(change.action)
    return next(filter(None, reasons), "")
