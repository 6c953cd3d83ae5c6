"""Events of freezes: times in which nothing of a contract is changed, and their end before that.

In: what somebody decided. Out: events.
"""

from datetime import datetime
from typing import ClassVar

from opspact.ledger.event_type import EventType


class FreezeStarted(EventType):
    """The actor stopped every change of the contract until then; `freeze` is its name."""

    kind: ClassVar[str] = "freeze.started"
    subject_field: ClassVar[str] = "freeze"
    key_fields: ClassVar[tuple[str, ...]] = ("freeze",)

    freeze: str
    until: datetime
    reason: str


class FreezeEnded(EventType):
    """The actor ended a freeze before its time."""

    kind: ClassVar[str] = "freeze.ended"
    subject_field: ClassVar[str] = "freeze"
    key_fields: ClassVar[tuple[str, ...]] = ("freeze",)

    freeze: str
    reason: str


FreezeEvent = FreezeEnded | FreezeStarted
"""Every event of freezes."""
