"""Which commit is on a host, and how the one that is to be applied stands to it.

In: what a host's manifest says, what git knows. Out: whether that is older, or has another history.
"""

from collections.abc import Callable
from enum import StrEnum

from opspact.structs import Struct


class AppliedCommit(Struct):
    """The commit that last changed a host: its full name, when it was made and when it was applied (ISO 8601, UTC).

    All empty: nobody knows it. A commit with changes that were not committed ends with `+dirty`.
    """

    commit: str = ""
    made: str = ""
    applied: str = ""

    @property
    def is_known(self) -> bool:
        """Whether a commit is named."""
        return bool(self.commit)


class CommitOrder(StrEnum):
    """How a commit that is to be applied stands to the one on a host."""

    CONTINUES = "continues"  # the same, or a later one of the same history; or nothing is known of that on the host
    OLDER = "older"  # what is on the host comes after it
    DIVERGED = "diverged"  # each has changes that the other does not have
    UNKNOWN = "unknown"  # the repository does not have the one on the host, and that is not a later one by its date
    SHALLOW = "shallow"  # the clone lacks what would tell: it was made without the whole history


class CommitHistory(Struct):
    """The commit that is to be applied (`applied`: now), and how it stands to one that was applied to a host."""

    head: AppliedCommit = AppliedCommit()
    order: Callable[[AppliedCommit], CommitOrder] = lambda _: CommitOrder.CONTINUES


def order_reason(order: CommitOrder, here: AppliedCommit, commit: str) -> str:
    """Given how a commit stands to the one on a host, return what to say of it; empty: nothing."""
    there = f"commit {here.commit[:12]}, applied on {here.applied[:10]}"
    match order:
        case CommitOrder.OLDER:
            return (
                f"this host has a newer {there}: commit {commit[:12]} would undo it, and changes nothing here; fetch "
                "and use the newest commit, or use --allow-older to go back on purpose"
            )
        case CommitOrder.DIVERGED:
            return f"this host has {there}, which is not in the history of {commit[:12]}: apply undoes its changes"
        case CommitOrder.UNKNOWN:
            return f"this host has {there}, which is not in this repository: apply undoes its changes"
        case CommitOrder.SHALLOW:
            return (
                f"this host has {there}; this shallow clone does not tell whether {commit[:12]} contains it or undoes "
                "its changes: fetch the whole history (`git fetch --unshallow`; in a pipeline: clone with depth 0)"
            )
        case CommitOrder.CONTINUES:
            return ""
