"""The base: the commit whose policies decide over a change, never the one that brings the change.

In: the ledger, the contract as it is to be. Out: the contract as it was applied last.
Approvals, reductions, rollouts and windows are read from it. Where nothing was applied so far, the change itself
decides.
"""

from collections.abc import Iterator

from opspact.errors import Refused
from opspact.ledger.apply_events import ApplyFinished
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.structs import Struct
from opspact.workspace.workspace import Compiled, Workspace

FIRST_APPLY = "nothing was applied before, so the policies as they are now decide"
NO_COMMITS = "what was applied before has no commit, so the policies as they are now decide"


class Base(Struct):
    """The contract that decides, and its commit; `why` there is none: then it is the contract as it is to be."""

    contract: Contract
    commit: str
    why: str = ""


def base_of(workspace: Workspace, head: Compiled, ledger: Ledger | None) -> Base:
    """Given a compiled contract, return what was applied last, to whatever host: choosing others lifts no approval.

    Raise Refused when that commit cannot be read: nobody knows then what it asks for.
    """
    applied = _applied(workspace, head, ledger) if ledger else None
    if not applied:
        return Base(head.contract, head.commit, FIRST_APPLY if applied is None else NO_COMMITS)
    return base_at(workspace, head, applied.partition("+")[0])  # what was not committed is not known any more


def base_at(workspace: Workspace, head: Compiled, name: str) -> Base:
    """Given a commit's name, return what it holds as the base. Raise Refused when it cannot be read."""
    if name == head.commit:
        return Base(head.contract, name)
    try:
        return Base(workspace.contract_at(name), name)
    except Refused as refused:
        message = f"the policies that decide over this change, of commit {name}, cannot be read: {refused.args[0]}"
        hint = refused.hint or "use the version of opspact that applied it"
        raise Refused(message, refused.problems, hint=hint) from refused


def _applied(workspace: Workspace, head: Compiled, ledger: Ledger) -> str | None:
    """Return the commit of the newest apply after which any host had converged, if there is one."""
    for contract in filter(None, (head.contract.name, head.contract.formerly)):
        for each in ledger.read(ApplyFinished, contract=contract, newest_first=True):
            if _has_converged(each.event):
                return each.commit
    return next(_under_another_name(workspace, ledger), None)


def _under_another_name(workspace: Workspace, ledger: Ledger) -> Iterator[str]:
    """Yield commits at which this folder was applied as another contract: a new name lifts no approval."""
    known: dict[str, str] = {}
    for each in ledger.read_any(kind=ApplyFinished.kind, newest_first=True):
        commit = each.commit.partition("+")[0]
        if not (commit and isinstance(each.event, ApplyFinished) and _has_converged(each.event)):
            continue
        if commit not in known:
            known[commit] = _name_at(workspace, commit)
        if known[commit] == each.contract:
            yield each.commit


def _name_at(workspace: Workspace, commit: str) -> str:
    """Return the contract's name at a commit; empty where this folder held none."""
    try:
        return workspace.contract_at(commit).name
    except Refused:
        return ""


def _has_converged(event: ApplyFinished) -> bool:
    return any(outcome.is_converged for outcome in event.hosts.values())
