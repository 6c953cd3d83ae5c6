"""How the actions of a plan are shown: sign, meaning and words.

In: an action. Out: what stands for it on a screen.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.plan.change import Action
from opspact.structs import Struct


class ActionStyle(Struct):
    """How an action is shown. `planned` and `done` follow a number: `3 to add`, `3 added`.

    `meaning` is a key of `report.terminal.STYLES`.
    """

    sign: str
    meaning: str
    planned: str
    done: str


ACTION_STYLES: Mapping[Action, ActionStyle] = MappingProxyType(
    {
        Action.ADD: ActionStyle("+", "good", "to add", "added"),
        Action.CHANGE: ActionStyle("~", "doubt", "to change", "changed"),
        Action.REMOVE: ActionStyle("-", "bad", "to remove", "removed"),
        Action.RELEASE: ActionStyle("=", "quiet", "to leave in place", "left in place"),
        Action.DEPENDENT: ActionStyle("!", "doubt", "depending on other changes", "depending on other changes"),
        Action.MANUAL: ActionStyle("*", "bad", "to fix manually", "to fix manually"),
        Action.DEFERRED: ActionStyle("?", "bad", "deferred", "deferred"),
    }
)
"""How each action is shown; a test holds that none is missing."""
