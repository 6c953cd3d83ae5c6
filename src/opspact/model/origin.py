"""Where a wanted fact comes from: the policy, its line and the clauses that it keeps.

Comes in: places from documents. Goes out: comments in playbooks, details of verify, rows of the ledger.
"""

from collections.abc import Iterable

from opspact.errors import Place
from opspact.structs import Struct


class Origin(Struct, order=True):
    """One policy's say in a step: `policy` is `kind/name`, `place` the line that asks for it."""

    policy: str
    place: Place
    clauses: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return `policies/web.yaml:12 (service/web; clauses C1)`."""
        clauses = f"; clauses {', '.join(self.clauses)}" if self.clauses else ""
        return f"{self.place.file}:{self.place.line} ({self.policy}{clauses})"


def union(one: Iterable[Origin], other: Iterable[Origin]) -> tuple[Origin, ...]:
    """Given the origins of two equal steps, return all of them once, in order."""
    return tuple(sorted({*one, *other}))
