"""Approvals of a plan: signatures judged when they are first seen, and what is recorded of them.

In: signed approvals, the ledger, the base, the clock. Out: approvals, each with why it does not count.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from opspact.evidence.approvals import Approval, invalid_time_reason, merged, roles_of, signed_by
from opspact.fleet.ssh_signature import InvalidSignature
from opspact.ledger.approval_events import ApprovalReceived
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.names import PLAN_NAMESPACE
from opspact.rollout.approval_statement import SignedApproval
from opspact.structs import Struct

_ANOTHER_TEXT = "it is for another text of this plan"


class ApprovalSubject(Struct):
    """What an approval has to be of: the contract's name and digest, the plan's digest, who made the plan, its seal.

    `seal` is empty without a plan file: then only approvals that were received before are of it.
    """

    contract: str
    contract_digest: str
    plan: str
    requester: str
    seal: str


def judged(signed: SignedApproval, thing: ApprovalSubject, base: Contract, *, at: datetime) -> Approval:
    """Given a signed approval, what it has to be of, and the contract that decides, judge it as it is seen now."""
    statement = signed.statement
    seen = Approval("", "", statement.approved, None, source=signed.file)
    if why := _is_of_another(signed, thing) or invalid_time_reason(statement.approved, at):
        return _with(seen, why=why)
    try:
        by = signed_by(statement.signed_bytes(), signed.signature, base, namespace=PLAN_NAMESPACE, at=at)
    except InvalidSignature as error:
        return _with(seen, why=str(error))
    roles = roles_of(base.people[by.person])
    return Approval(by.person, by.fingerprint, statement.approved, None, roles, signed.file)


def _with(approval: Approval, *, why: str) -> Approval:
    return Approval(approval.person, approval.fingerprint, approval.approved, None, (), approval.source, why)


def _is_of_another(signed: SignedApproval, thing: ApprovalSubject) -> str:
    statement = signed.statement
    if statement.action != "apply":
        return f"it approves {statement.action[:40]!r}, not an apply"
    if statement.contract != thing.contract:
        return f"it is for another contract, {statement.contract[:80]!r}"
    if statement.plan != thing.plan or statement.contract_digest != thing.contract_digest:
        return f"it is for another plan, {statement.plan[:12]}"
    if statement.requester != thing.requester:
        return f"it is for a plan of {statement.requester[:80]!r}, not of {thing.requester!r}"
    if statement.seal != thing.seal:
        return _ANOTHER_TEXT if thing.seal else "it is for a plan file, and none is applied"
    return ""


def recorded(ledger: Ledger | None, thing: ApprovalSubject) -> Iterator[Approval]:
    """Given the ledger, yield the approvals of a plan that were received: they counted then, whatever was revoked."""
    subject = f"plan/{thing.plan}"
    for each in ledger.read(ApprovalReceived, contract=thing.contract, subject=subject) if ledger else ():
        event = each.event
        why = "" if event.requester == thing.requester else f"it is for a plan of {event.requester!r}"
        why = why or ("" if event.seal in {"", thing.seal} or not thing.seal else _ANOTHER_TEXT)
        yield Approval(event.person, event.fingerprint, event.approved, each.at, event.roles, "the ledger", why)


def received(
    ledger: Ledger,
    given: Iterable[SignedApproval],
    thing: ApprovalSubject,
    *,
    base: Contract,
    context: Callable[[], Context],
) -> tuple[Approval, ...]:
    """Given signed approvals, record those that count and were not seen before; return all that are known."""
    now = context()
    seen = [(signed, judged(signed, thing, base, at=now.at)) for signed in given]
    events = [
        ApprovalReceived(
            thing.plan,
            each.person,
            each.fingerprint,
            each.approved,
            each.roles,
            thing.requester,
            signed.signature,
            thing.seal,
        )
        for signed, each in seen
        if not each.why
    ]
    if events:
        ledger.record_all(events, context=now, skip_recorded=True)
    return merged(recorded(ledger, thing), (each for _, each in seen))
