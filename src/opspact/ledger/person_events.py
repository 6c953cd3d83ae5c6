"""Events of people: what they did of what policies owe, as they record it.

In: what a person says. Out: events.
"""

from datetime import date
from typing import ClassVar

from opspact.ledger.event_type import EventType


class PersonRecorded(EventType):
    """A person did what a policy (`kind/name`) owes, on a day in the contract's zone; the actor is who recorded it.

    `what` is the record that is owed, such as `visit record`; the newest event of a policy and a record is the one that
    counts. `found`: how many there were, where they were counted.
    """

    kind: ClassVar[str] = "person.recorded"
    subject_field: ClassVar[str] = "policy"

    policy: str
    what: str
    person: str
    day: date
    found: int | None = None
    note: str = ""


PersonEvent = PersonRecorded
"""Every event of people."""
