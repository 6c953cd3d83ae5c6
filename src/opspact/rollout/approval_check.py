"""Which approvals of a plan count: signatures judged when they are first seen, and what is recorded of them.

In: signed approvals, the ledger, the base, the clock. Out: approvals, each with why it does not count; what is missing.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from opspact.fleet.signers import signers_of
from opspact.fleet.ssh_signature import InvalidSignature, verify
from opspact.ledger.approval_events import ApprovalReceived
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.names import PLAN_NAMESPACE
from opspact.rollout.approval_requirements import Requirement, roles_of
from opspact.rollout.approval_statement import SignedApproval
from opspact.structs import Struct
from opspact.text.instants import format_instant_in_utc

_AHEAD = timedelta(minutes=5)
_ANOTHER_TEXT = "it is for another text of this plan"
"""So far may the clock of who signs be ahead of ours."""


class ApprovalSubject(Struct):
    """What an approval has to be of: the contract's name and digest, the plan's digest, who made the plan, its seal.

    `seal` is empty without a plan file: then only approvals that were received before are of it.
    """

    contract: str
    contract_digest: str
    plan: str
    requester: str
    seal: str


class Approval(Struct):
    """Somebody's approval. `received` is when it was first seen (None: it is seen now, and not recorded).

    `roles`: for whom the person approved then. `why` it counts for nothing; empty: it counts where it is asked for.
    """

    person: str
    fingerprint: str
    approved: datetime
    received: datetime | None
    roles: tuple[str, ...] = ()
    source: str = ""
    why: str = ""


class ApprovalStatus(Struct):
    """How a requirement stands: who approved, and whose approval does not count for it, with the reason."""

    requirement: Requirement
    approvers: tuple[str, ...]
    others: tuple[tuple[str, str], ...]

    @property
    def missing(self) -> int:
        """How many approvals are missing."""
        count = self.requirement.approval.count - len(self.approvers)
        return max(count, 0) if self.requirement.is_checked else 0


def judged(signed: SignedApproval, thing: ApprovalSubject, base: Contract, *, at: datetime) -> Approval:
    """Given a signed approval, what it has to be of, and the contract that decides, judge it as it is seen now."""
    statement = signed.statement
    seen = Approval("", "", statement.approved, None, source=signed.file)
    if why := _is_of_another(signed, thing) or _is_from_the_future(statement.approved, at):
        return _with(seen, why=why)
    try:
        by = verify(statement.signed_bytes(), signed.signature, signers_of(base), namespace=PLAN_NAMESPACE, at=at)
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


def _is_from_the_future(approved: datetime, at: datetime) -> str:
    return (
        f"it was signed at {format_instant_in_utc(approved)}, which is in the future" if approved > at + _AHEAD else ""
    )


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


def merged(known: Iterable[Approval], seen: Iterable[Approval]) -> tuple[Approval, ...]:
    """Given what was received and what is seen now, return both, each approval once."""
    before = list(known)
    names = {(each.fingerprint, each.approved) for each in before}
    return (*before, *(each for each in seen if (each.fingerprint, each.approved) not in names))


def approval_status(
    requirement: Requirement, approvals: Iterable[Approval], *, requesters: Iterable[str], at: datetime
) -> ApprovalStatus:
    """Given a requirement and approvals, return who approved, at a time, and why others do not count for it."""
    asked = frozenset(requesters)
    counted: dict[str, None] = {}
    others: dict[tuple[str, str], None] = {}
    for each in approvals:
        if why := each.why or _why_not(requirement, each, asked, at=at):
            others[each.person or each.source, why] = None
        else:
            counted[each.person] = None
    return ApprovalStatus(requirement, tuple(counted), tuple(each for each in others if each[0] not in counted))


def _why_not(requirement: Requirement, given: Approval, requesters: frozenset[str], *, at: datetime) -> str:
    approval = requirement.approval
    if approval.role not in given.roles:
        return f"does not approve for {approval.role}"
    if approval.not_requester and given.person in requesters:
        return "is the requester"
    ends = min(given.received or at, given.approved) + approval.expires.time
    return f"expired at {format_instant_in_utc(ends)}" if at >= ends else ""
