"""Patterns that limit part of a policy to some of its hosts.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from collections.abc import Collection

from opspact.resolve.context import Resolving
from opspact.schema.read import Written
from opspact.schema.yaml.nodes import PathPart


def limited_hosts(
    written: Written, pattern: str, hosts: Collection[str], *, at_hand: Resolving, path: tuple[PathPart, ...]
) -> frozenset[str]:
    """Given a pattern that limits something to some of the hosts, return those; note a problem if it leaves none."""
    chosen = at_hand.hosts(written, pattern, *path)
    if chosen and hosts and set(hosts).isdisjoint(chosen):
        message = f'none of the hosts is in "{pattern}": it would never be done'
        problem = written.problem("OP107", path, message, hint="choose among the hosts that the policy names in hosts")
        at_hand.problems.append(problem)
    return frozenset(chosen)
