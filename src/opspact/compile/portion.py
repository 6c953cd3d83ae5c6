"""A policy's steps, once for all hosts that want the same: the unit of sharing in a large fleet.

Comes in: hosts and steps from the policy kinds. Goes out: portions.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator

from opspact.steps.base import Step
from opspact.structs import Struct


class Portion(Struct):
    """Steps that these hosts get from one policy."""

    hosts: tuple[str, ...]
    steps: tuple[Step, ...]


def portions(
    hosts: Iterable[str], depends: Callable[[str], Hashable], steps: Callable[[str], tuple[Step, ...]]
) -> Iterator[Portion]:
    """Given hosts, what a host's steps depend on, and its steps, yield a portion for every distinct dependence."""
    groups: dict[Hashable, list[str]] = {}
    for host in hosts:
        groups.setdefault(depends(host), []).append(host)
    for alike in groups.values():
        yield Portion(tuple(alike), steps(alike[0]))
