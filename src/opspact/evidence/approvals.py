"""Whose approvals count: how many are asked for by a policy, who gave one, why others do not count.

Comes in: an approval policy, approvals that were judged when they were seen, who asked, the time. Goes out: how the
requirement stands, as values and in words.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from opspact.fleet.signers import signers_of
from opspact.fleet.ssh_signature import Signed, verify
from opspact.model.contract import Contract
from opspact.model.policies.approval import Approval as ApprovalPolicy
from opspact.model.policies.person import Person
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.instants import format_instant_in_utc

_AHEAD = timedelta(minutes=5)
"""So far may the clock of who signs be ahead of ours."""


class Requirement(Struct):
    """An approval that is needed, and for what (occasions). `signers`: people who can give it by a key.

    Where nobody can, it is not checked: nobody could ever meet it.
    """

    approval: ApprovalPolicy
    occasions: tuple[str, ...]
    signers: tuple[str, ...]

    @property
    def is_checked(self) -> bool:
        """Whether somebody has a key with which to approve."""
        return bool(self.signers)


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


def required(contract: Contract, approval: ApprovalPolicy, occasions: tuple[str, ...]) -> Requirement:
    """Given the contract that decides, one of its approval policies and what it is needed for, return that."""
    return Requirement(approval, occasions, can_sign(contract, approval))


def roles_of(person: Person) -> tuple[str, ...]:
    """Return for whom a person approves: their teams; `customer` is one of these."""
    return person.teams


def can_sign(contract: Contract, approval: ApprovalPolicy) -> tuple[str, ...]:
    """Return the people who may give an approval and have a signing key, whether or not they are there today."""
    people = contract.people.values()
    return tuple(each.name for each in people if approval.role in roles_of(each) and each.signing_keys)


def people_named(contract: Contract, names: Iterable[str]) -> frozenset[str]:
    """Given names, accounts or e-mail addresses of people, return the people that they are of."""
    given = {name.casefold() for name in names if name}
    return frozenset(each.name for each in contract.people.values() if not given.isdisjoint(_names(each)))


def _names(person: Person) -> Iterator[str]:
    yield person.name.casefold()
    yield person.account.casefold()
    yield from (each.casefold() for each in person.channels.values() if isinstance(each, str))


def invalid_time_reason(approved: datetime, at: datetime) -> str:
    """Given when something was signed, and the present time, return why it cannot have been; empty: it can."""
    return (
        f"it was signed at {format_instant_in_utc(approved)}, which is in the future" if approved > at + _AHEAD else ""
    )


def signed_by(data: bytes, signature: str, contract: Contract, *, namespace: str, at: datetime) -> Signed:
    """Given what was signed and for what, return which of the contract's people signed, with a key valid at a time.

    Raise InvalidSignature when it does not count.
    """
    return verify(data, signature, signers_of(contract), namespace=namespace, at=at)


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


def reason_not_checked(requirement: Requirement) -> str:
    """Given a requirement that nobody can meet, return why."""
    return f"nobody of {requirement.approval.role} has a signing key"


def missing_words(missing: ApprovalStatus) -> str:
    """Given a requirement that is not met, return what is missing, in words."""
    requirement, approval = missing.requirement, missing.requirement.approval
    who = f"{format_count(missing.missing, 'more approver' if missing.approvers else 'approver')} from {approval.role}"
    besides = ", not the requester" if approval.not_requester else ""
    others = "".join(f"; {name}: {why}" for name, why in missing.others)
    return f"approval {approval.name} is missing ({' and '.join(requirement.occasions)}): {who}{besides}{others}"
