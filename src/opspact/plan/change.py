"""One change of a plan: what happens to one step, and why.

In: a step. Out: a change.
"""

from enum import StrEnum

from opspact.steps.base import Step
from opspact.structs import Struct


class Action(StrEnum):
    """What a plan does about a step, in the order in which plans list it; the values are the keys of a plan's JSON."""

    ADD = "add"  # not there: apply makes it
    CHANGE = "change"  # there, and different: apply makes it again
    REMOVE = "remove"  # left the policy: apply removes it
    RELEASE = "release"  # left the policy, and stays: it existed before opspact, or something else needs it
    DEPENDENT = "dependent"  # different, and nothing makes it directly: it depends on the other changes
    MANUAL = "manual"  # different, and apply leaves it: something is in the way that a person has to move
    DEFERRED = "deferred"  # to be made or removed, and not in this apply: another host that it needs is not available

    @property
    def makes(self) -> bool:
        """Whether apply runs the step's tasks."""
        return self in {Action.ADD, Action.CHANGE}


class Change(Struct):
    """What happens to one step. `why` says what differs on the host, or what the policy says now."""

    action: Action
    step: Step
    why: str = ""
