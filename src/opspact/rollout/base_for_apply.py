"""The base that decides now over a change of hosts: that of an unfinished run in waves, or what was applied last.

In: the ledger, the contract as it is to be, the chosen hosts. Out: the base, the same for plan, approvals and apply.
"""

from collections.abc import Collection

from opspact.ledger.store import Ledger
from opspact.rollout.apply_run import PROCEDURE, base_commit
from opspact.rollout.base import Base, base_at, base_of
from opspact.run.journal import Journal
from opspact.workspace.workspace import Compiled, Workspace


def base_for_apply(workspace: Workspace, head: Compiled, ledger: Ledger | None, *, hosts: Collection[str]) -> Base:
    """Given a compiled contract and the chosen hosts, return what decides; `ledger` is None where nothing is recorded.

    While the same commit's run in waves is not done, that is what decided when it began: its first waves have brought
    the commit itself.
    Raise Refused when the commit cannot be read.
    """
    if ledger is not None:
        journal = Journal(ledger, head.contract.name)
        begun = journal.unfinished(PROCEDURE, set(journal.last_runs(hosts).values()))
        if commit := next(filter(None, (base_commit(it.event) for it in begun if it.commit == head.commit)), ""):
            return base_at(workspace, head, commit)
    return base_of(workspace, head, ledger)
