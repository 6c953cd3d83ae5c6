"""References to names that need not be a policy's: the customer among those who act, levels and milestones of faults.

Comes in: a name, where it is written, the context of the policy. Goes out: nothing; references and problems are noted.
"""

from collections.abc import Collection

from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.schema.yaml.nodes import PathPart
from opspact.text import suggestions

CUSTOMER = "customer"
"""The one who is not a policy: whoever the contract is made with."""


def refer_to_actor(name: str, *path: PathPart, context: DocumentContext) -> None:
    """Given whoever does something, note the reference to the team or person; the customer is no policy."""
    if name != CUSTOMER:
        context.refer(("team", "person"), name, *path)


def refer_to_level(name: str, *path: PathPart, context: DocumentContext) -> None:
    """Given a level of faults, note a problem when no SLA defines it."""
    known = {level for sla in context.whole.of(kinds.Sla) for level in sla.levels}
    if name not in known:
        message, missing = f'no SLA defines the level "{name}"', _missing("level", name, known)
        context.problem("OP142", message, *path, hint=suggestions.did_you_mean(name, known), missing=missing)


def refer_to_milestone(name: str, *path: PathPart, context: DocumentContext) -> None:
    """Given a milestone of cases, note a problem when no SLA defines it."""
    levels = [level for sla in context.whole.of(kinds.Sla) for level in sla.levels.values()]
    known = {milestone for level in levels for milestone in level.milestones.by_name}
    if name not in known:
        message, missing = f'no SLA defines the milestone "{name}"', _missing("milestone", name, known)
        context.problem("OP142", message, *path, hint=suggestions.did_you_mean(name, known), missing=missing)


def _missing(what: str, name: str, known: Collection[str]) -> str:
    """Return what is missing: that level or milestone; or, where none is known at all, an SLA."""
    return f"{what} {name}" if known else "SLA"
