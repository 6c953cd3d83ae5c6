"""The kind `approval`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.approval import Approval
from opspact.obligations.obligation import AfterEach, Obligation, PersonSource, Proof, not_carried_out

REVIEW = "review of emergency changes"
"""What somebody records after each apply that did not wait for the approval."""
_CHECKED = frozenset({"apply", "destructive", "weakening"})
"""What `apply` asks for by itself."""


def approval_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its approvals owe."""
    for approval in contract.approvals:
        if not _is_checked(approval, contract):
            yield not_carried_out(
                approval.origin, "approval", proof=Proof.RECORD, reason="approvals are not requested or recorded yet"
            )
        if approval.review_within is not None:
            policy, within = approval.origin.policy, approval.review_within
            source = PersonSource(policy, REVIEW, ZoneInfo(contract.zone))
            due = AfterEach(within.time, within.text)
            yield Obligation(approval.origin, policy, REVIEW, Proof.RECORD, due=due, source=source)


def _is_checked(approval: Approval, contract: Contract) -> bool:
    """Whether everything that needs the approval asks for it, and somebody has a key to give it."""
    people = contract.people.values()
    can_sign = any(approval.role in person.teams and person.signing_keys for person in people)
    return can_sign and bool(approval.occasions) and _CHECKED.issuperset(approval.occasions)
