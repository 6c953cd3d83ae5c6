"""Looking up names that need not be a policy's: the customer among those who act, levels and milestones of faults.

Comes in: a document and what is at hand. Goes out: whether the name is there; problems are noted.
"""

from opspact.resolve.context import Resolving
from opspact.schema import kinds
from opspact.schema.read import Written
from opspact.schema.yaml.nodes import PathPart
from opspact.text import suggestions

CUSTOMER = "customer"
"""The one who is not a policy: whoever the contract is made with."""


def refer_to_actor(at_hand: Resolving, written: Written, name: str, *, path: tuple[PathPart, ...]) -> None:
    """Given whoever does something, note the reference to the team or person; the customer is no policy."""
    if name != CUSTOMER:
        at_hand.refer(written, ("team", "person"), name, *path)


def refer_to_level(at_hand: Resolving, written: Written, name: str, *, path: tuple[PathPart, ...]) -> None:
    """Given a level of faults, note a problem when no service levels have it."""
    known = {level for _, sla in at_hand.of(kinds.Sla) for level in sla.levels}
    if name not in known:
        message = f'there is no level "{name}" in any service levels'
        at_hand.problem(written, "OP142", message, path=path, hint=suggestions.did_you_mean(name, known))


def refer_to_milestone(at_hand: Resolving, written: Written, name: str, *, path: tuple[PathPart, ...]) -> None:
    """Given a milestone of cases, note a problem when no service levels promise it."""
    levels = [level for _, sla in at_hand.of(kinds.Sla) for level in sla.levels.values()]
    known = {milestone for level in levels for milestone in level.milestones.written}
    if name not in known:
        message = f'no service levels promise a milestone "{name}"'
        at_hand.problem(written, "OP142", message, path=path, hint=suggestions.did_you_mean(name, known))
