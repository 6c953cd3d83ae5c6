"""Events of emergency access: who was granted it, and what the hosts answered. How it ended, results of jobs say.

In: what was asked of hosts, and their answers. Out: events.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from opspact.ledger.event_type import EventType


class AccessOutcome(StrEnum):
    """Whether a host opened an account: `unknown` where it did not answer, or not to the end."""

    OPENED = "opened"
    NOT_OPENED = "not opened"
    UNKNOWN = "unknown"


class AccessGranted(EventType):
    """A person is to have access by an access policy (`kind/name`) until then, on these hosts; the actor granted it.

    Recorded before any host is asked. `grant` is its name everywhere, `account` the one that the hosts open.
    """

    kind: ClassVar[str] = "access.granted"
    subject_field: ClassVar[str] = "policy"
    key_fields: ClassVar[tuple[str, ...]] = ("grant",)

    grant: str
    policy: str
    person: str
    account: str
    hosts: tuple[str, ...]
    until: datetime
    reason: str


class AccessReported(EventType):
    """What a host did about a grant; the newest answer of a host counts. `detail` says why it did not open it."""

    kind: ClassVar[str] = "access.reported"
    subject_field: ClassVar[str] = "policy"

    grant: str
    policy: str
    host: str
    outcome: AccessOutcome
    detail: str = ""


AccessEvent = AccessReported | AccessGranted
"""Every event of emergency access."""
