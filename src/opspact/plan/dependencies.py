"""What apply leaves out for now: a step that is kept on another host too, where nothing can be done at the moment.

Comes in: a host's plan, and how the hosts stand on which its steps lean (a backup server). Goes out: the plan with
those steps put off, each with its reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan
from opspact.steps.base import Step
from opspact.steps.check import HostResult, Reach
from opspact.steps.traits import depends_on, required_on_hosts


@dataclass(frozen=True, slots=True)
class Standing:
    """How a host stands on which others lean.

    `shut` says why nothing can be done there now, empty: something can. `lacks` are the identities of steps that are
    not there and that this apply does not bring; `chosen`: it is among the hosts that this apply makes so.
    """

    name: str
    shut: str = ""
    lacks: frozenset[str] = frozenset()
    chosen: bool = True

    def why_not(self, step: Step) -> str:
        """Given a step to be made that leans on this host, return why it cannot be made now; empty: it can."""
        if self.shut:
            return self.shut
        if self.lacks.isdisjoint(required_on_hosts(step)):
            return ""
        if self.chosen:
            return f"{self.name}, on which this is kept, is not prepared, and nothing prepares it in this apply"
        return (
            f"{self.name}, on which this is kept, is not prepared and not among the hosts chosen: "
            f"apply with {self.name} chosen too"
        )


def standing(result: HostResult, plan: HostPlan | None) -> Standing:
    """Given what was seen of a host on which others lean, and its plan (None: not chosen), return how it stands."""
    name = result.name
    chosen = plan is not None
    if result.reach is Reach.BUSY:
        shut = f"{name}, on which this is kept, is busy" + (f": {result.detail}" if result.detail else "")
        return Standing(name, shut, chosen=chosen)
    if result.reach is not Reach.REACHED:
        return Standing(name, f"{name}, on which this is kept, was not reached ({result.reach.value})", chosen=chosen)
    coming = {change.step.identity for change in plan.makes()} if plan else set()
    absent = {check.step.identity for check in result.checks if check.present is False}
    return Standing(name, lacks=frozenset(absent - coming), chosen=chosen)


def leaned_on(plan: HostPlan) -> Iterator[tuple[str, Step]]:
    """Given a host's plan, yield each host on which something to be done there leans, with that step."""
    for change in plan.of(Action.ADD, Action.CHANGE, Action.REMOVE):
        for name in depends_on(change.step):
            yield name, change.step


def without_what_must_wait(plan: HostPlan, standings: Mapping[str, Standing]) -> HostPlan:
    """Given a host's plan and how the hosts stand on which it leans, return the plan with what cannot be done deferred.

    What is removed needs only that something can be done there. A host without a standing is taken to be in order.
    """
    judged = tuple(_judged(change, standings) for change in plan.changes)
    return plan if judged == plan.changes else replace(plan, changes=judged)


def _judged(change: Change, standings: Mapping[str, Standing]) -> Change:
    why = _why_not(change, standings)
    return replace(change, action=Action.DEFERRED, why=why) if why else change


def _why_not(change: Change, standings: Mapping[str, Standing]) -> str:
    """Return why a change cannot be made now because of another host; empty: it can."""
    there = (standings[name] for name in depends_on(change.step) if name in standings)
    match change.action:
        case Action.ADD | Action.CHANGE:
            reasons = (it.why_not(change.step) for it in there)
        case Action.REMOVE:
            reasons = (it.shut for it in there)
        case Action.RELEASE | Action.DEPENDENT | Action.MANUAL | Action.DEFERRED:
            return ""
        case _:
            assert_never(change.action)
    return next(filter(None, reasons), "")
