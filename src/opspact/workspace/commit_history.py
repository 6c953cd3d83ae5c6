"""How the commit that is to be applied stands to those that are on hosts, as git says.

Comes in: a contract's folder and its commit. Goes out: its history.
"""

from datetime import datetime
from functools import cache
from pathlib import Path

from opspact.ledger.canonical import time_text
from opspact.plan.commit_order import AppliedCommit, CommitHistory, CommitOrder
from opspact.workspace import commits


def commit_history(folder: Path, commit: str, now: datetime) -> CommitHistory:
    """Given a contract's folder, its commit (empty: none; maybe with `+dirty`) and the time, return its history."""
    name = commit.partition("+")[0]
    if not name:
        return CommitHistory()
    made = commits.made_at(folder, name)

    @cache
    def order(here: AppliedCommit) -> CommitOrder:
        other = here.commit.partition("+")[0]
        if other in {"", name}:
            return CommitOrder.CONTINUES
        unclear = CommitOrder.DIVERGED
        if not commits.has_commit(folder, other):
            # One that another clone has made: by its date alone it is known which comes first.
            if time_text(made) < here.made:
                return CommitOrder.OLDER
            unclear = CommitOrder.UNKNOWN
        elif commits.contains_commit(folder, name, other):
            return CommitOrder.CONTINUES
        elif commits.contains_commit(folder, other, name):
            return CommitOrder.OLDER
        return CommitOrder.SHALLOW if commits.is_shallow(folder) else unclear

    return CommitHistory(AppliedCommit(commit, time_text(made), time_text(now)), order)
