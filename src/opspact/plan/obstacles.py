"""What apply must leave to people: something stands in a step's way that opspact would have to delete.

Comes in: a host's checks, and the steps that are taken away first. Goes out: what is blocked, and why.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from opspact.steps.base import Step
from opspact.steps.check import Check, State

_FILES = frozenset({"regular file", "symbolic link"})
_FREES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "directory": frozenset({"empty directory"}),
        "file": _FILES,
        "secret-file": _FILES,
        "link": _FILES,
    }
)
"""What the removal of each kind takes away, of all that may stand at its path."""


def blocked_by_others(checks: Sequence[Check], going: Iterable[Step]) -> dict[str, str]:
    """Given a host's checks and the steps taken away before anything is made, return by identity why apply must not.

    Blocked is a step in whose place something stands that no removal takes away, and a differing one that lies below.
    """
    frees = {(path, what) for step in going for path in step.paths for what in _FREES.get(step.kind, ())}
    blocked = {
        check.step.identity: check.detail
        for check in checks
        if check.obstacle and not any((path, check.obstacle) in frees for path in check.step.paths)
    }
    places = [path for check in checks if check.step.identity in blocked for path in check.step.paths]
    below = {
        check.step.identity: f"is below {place}, which has to be fixed by hand first"
        for place in places
        for check in checks
        if check.state is not State.OK and any(path.startswith(f"{place}/") for path in check.step.paths)
    }
    return below | blocked
