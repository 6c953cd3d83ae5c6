"""What apply must leave to people: something is in a step's place that opspact would have to delete.

In: a host's checks, and the steps that are removed first. Out: what is blocked, and why.
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
"""What the removal of each kind removes, of all that may be at its path."""


def blocked_by_others(checks: Sequence[Check], going: Iterable[Step]) -> dict[str, str]:
    """Given a host's checks and the steps removed before anything is made, return by identity why apply must not.

    Blocked is a step in whose place something is that no removal removes, and a differing one below it.
    """
    frees = {(path, what) for step in going for path in step.paths for what in _FREES.get(step.kind, ())}
    blocked = {
        check.step.identity: check.detail
        for check in checks
        if check.obstacle and not any((path, check.obstacle) in frees for path in check.step.paths)
    }
    places = [path for check in checks if check.step.identity in blocked for path in check.step.paths]
    below = {
        check.step.identity: f"is below {place}, which must be fixed manually first"
        for place in places
        for check in checks
        if check.state is not State.OK and any(path.startswith(f"{place}/") for path in check.step.paths)
    }
    return below | blocked
