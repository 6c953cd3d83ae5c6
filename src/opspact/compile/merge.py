"""One host's steps from all policies: each once, in the order of making, and what cannot stand together.

Comes in: the steps that policies want of a host. Goes out: its work and its conflicts.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from opspact.compile.shape import Work
from opspact.errors import Problem
from opspact.model.origin import Origin, union
from opspact.steps.base import Step
from opspact.steps.port_answer import PortAnswer
from opspact.structs import Struct

_ANY_OTHER = 2


class Conflict(Struct):
    """Two policies that cannot stand together on a host: what they say in words (`{}`: the hosts), and where."""

    code: str
    words: str
    asked_by: tuple[Origin, ...]

    def problem(self, hosts: Sequence[str]) -> Problem:
        """Given all hosts that it concerns, return one problem for all of them."""
        others = len(hosts) - 1
        where = hosts[0] if not others else f"{hosts[0]} and {others:,} other{'s' if others >= _ANY_OTHER else ''}"
        first, last = self.asked_by[0], self.asked_by[-1]
        hint = f"the other definition is at {first}" if first != last else "it is defined twice at the same place"
        return Problem(self.code, last.place, self.words.format(where), hint=hint)


class Merged(Struct):
    """A host's work, and why it cannot be."""

    work: Work
    conflicts: tuple[Conflict, ...]


def merged(steps: Iterable[Step]) -> Merged:
    """Given all that policies want of one host, return it merged, with every conflict."""
    found: dict[str, Step] = {}
    conflicts: dict[Conflict, None] = {}
    for step in steps:
        other = found.setdefault(step.identity, step)
        if other is step:
            continue
        both = other.merged(step)
        if both is None:
            conflicts[_conflict(other, step, f"two policies conflict over {step.identity} on")] = None
            continue
        found[step.identity] = both
        if isinstance(step, PortAnswer) and _policies(other).isdisjoint(_policies(step)):
            conflicts[_conflict(other, step, f"two services use {step.subject} on", code="OP102")] = None
    make = tuple(sorted(found.values(), key=lambda step: step.order))
    return Merged(Work(make), (*conflicts, *_on_one_path(make)))


def _policies(step: Step) -> set[str]:
    return {origin.policy for origin in step.origins}


def _conflict(one: Step, other: Step, words: str, *, code: str = "OP101") -> Conflict:
    return Conflict(code, words.replace("{", "{{").replace("}", "}}") + " {}", union(one.origins, other.origins))


def _on_one_path(make: Iterable[Step]) -> Iterator[Conflict]:
    """Yield the conflicts of steps of different kinds that want one path: a file where another wants a directory."""
    by_path: dict[str, list[Step]] = {}
    for step in make:
        for path in step.paths:
            by_path.setdefault(path, []).append(step)
    for path, alike in by_path.items():
        for one, other in pairwise(alike):
            yield _conflict(one, other, f"{path} is defined as both a {one.kind} and a {other.kind} on")
