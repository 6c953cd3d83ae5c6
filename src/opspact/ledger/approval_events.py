"""Events of approvals: which were received, and which were not waited for.

In: signatures that counted when they were first seen, applies in an emergency. Out: events.
"""

from datetime import datetime
from typing import ClassVar

from opspact.ledger.event_type import EventType


class ApprovalReceived(EventType):
    """A person's approval of a plan (its digest) was seen for the first time, and counted then.

    `approved`: when it was signed, by the clock of who signed; `roles`: for whom the person approved when it was
    received (teams, or `customer`). `requester`: who made the plan; `seal`: of its file's text. `signature` is over
    the statement of all that.
    """

    kind: ClassVar[str] = "approval.received"
    subject_field: ClassVar[str] = "plan"
    key_fields: ClassVar[tuple[str, ...]] = ("plan", "fingerprint", "approved")

    plan: str
    person: str
    fingerprint: str
    approved: datetime
    roles: tuple[str, ...]
    requester: str
    signature: str
    seal: str = ""


class ApprovalSkipped(EventType):
    """In an emergency, a plan is carried out without an approval that a policy (`kind/name`) asks for.

    The actor does so, for the reason given. `person`: who that is, empty where no policy names them; `approvers`: those
    who may approve, who are to be notified.
    """

    kind: ClassVar[str] = "approval.skipped"
    subject_field: ClassVar[str] = "policy"
    key_fields: ClassVar[tuple[str, ...]] = ("policy", "run")

    policy: str
    run: str
    plan: str
    person: str
    approvers: tuple[str, ...]
    hosts: tuple[str, ...]
    reason: str


ApprovalEvent = ApprovalReceived | ApprovalSkipped
"""Every event of approvals."""
