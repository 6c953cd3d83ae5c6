"""How the actions of a plan are shown: sign, meaning and words.

In: an action. Out: what stands for it on a screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from opspact.plan.change import Action


@dataclass(frozen=True, slots=True)
class ActionLook:
    """How an action is shown. `planned` and `done` follow a number: `3 to add`, `3 added`.

    `meaning` is one of `report.lines.STYLES`.
    """

    sign: str
    meaning: str
    planned: str
    done: str


LOOKS: Mapping[Action, ActionLook] = MappingProxyType(
    {
        Action.ADD: ActionLook("+", "good", "to add", "added"),
        Action.CHANGE: ActionLook("~", "doubt", "to change", "changed"),
        Action.REMOVE: ActionLook("-", "bad", "to remove", "removed"),
        Action.RELEASE: ActionLook("=", "quiet", "to leave in place", "left in place"),
        Action.DEPENDENT: ActionLook("!", "doubt", "depending on other changes", "depending on other changes"),
        Action.MANUAL: ActionLook("*", "bad", "to fix by hand", "left to fix by hand"),
        Action.DEFERRED: ActionLook("?", "bad", "deferred", "deferred"),
    }
)
"""How each action is shown; a test holds that none is missing."""
