"""Looking up names that belong to several kinds.

Comes in: a document and what is at hand. Goes out: whether the name is there; problems are noted. Called by the parts
of `model.resolve`.
"""

from opspact.model.resolving import Resolving
from opspact.schema.kinds import KINDS
from opspact.schema.nodes import PathPart
from opspact.schema.read import Written

CUSTOMER = "customer"
"""The one who is not a policy: whoever the contract is made with."""


def refer_to_kind(at_hand: Resolving, written: Written, kind: str, *, name: str, path: tuple[PathPart, ...]) -> None:
    """Given a reference to a policy of a kind, note it, or a problem; a kind that nobody can write yet is not asked."""
    if kind in KINDS:
        at_hand.refer(written, kind, name, *path)


def refer_to_actor(at_hand: Resolving, written: Written, name: str, *, path: tuple[PathPart, ...]) -> None:
    """Given whoever does something, note the reference to the team or person; the customer is no policy."""
    if name != CUSTOMER:
        at_hand.refer(written, ("team", "person"), name, *path)
