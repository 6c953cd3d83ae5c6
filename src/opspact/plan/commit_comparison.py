"""What lies between two lists of steps of one host, without looking at any host.

In: a host's steps at two commits. Out: its changes.
"""

from collections.abc import Sequence

from opspact.plan.change import Action, Change
from opspact.steps.base import Step
from opspact.steps.traits import continues, follows, remainder

POLICY_CHANGED = "the policy changed"
FOLLOWS = "depends on a step that changes"


def compare(base: Sequence[Step], head: Sequence[Step]) -> tuple[Change, ...]:
    """Given a host's steps before and after, return what changes: what is made in its order, then what is removed."""
    before = {step.identity: step for step in base}
    after = {step.identity: step for step in head}
    why = {identity: POLICY_CHANGED for identity, step in after.items() if before.get(identity) != step}
    for identity, step in after.items():
        if identity not in why and not why.keys().isdisjoint(follows(step)):
            why[identity] = FOLLOWS
    leaving = [step for step in base if step.identity not in after]
    known = before.keys() | steps_that_continue(head, leaving)
    added = (Change(Action.ADD, step) for identity, step in after.items() if identity not in known)
    changed = (Change(Action.CHANGE, after[identity], reason) for identity, reason in why.items() if identity in known)
    removed = (
        Change(Action.REMOVE, rest)
        for step in sorted(leaving, key=lambda step: step.order, reverse=True)
        if (rest := remainder(step, head)) is not None
    )
    return (*added, *changed, *removed)


def steps_that_continue(wanted: Sequence[Step], leaving: Sequence[Step]) -> set[str]:
    """Return the identities of wanted steps that go on with what others leave: they change, whatever is there."""
    return {step.identity for step in wanted if any(continues(step, other) for other in leaving)} if leaving else set()
