"""What every type of event says: its kind and version, its subject and key, its body.

In: nothing. Out: the base class of the types in `access_events`, `apply_events`, `approval_events`, `job_events`,
`person_events`, `redaction_events`, `review_events`, `run_events` and `runbook_events`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from opspact.ledger.codec import from_data, to_data
from opspact.structs import Struct


class EventType(Struct):
    """A type of event: a struct. A change to what its body means or holds is a new `version`."""

    kind: ClassVar[str]
    """Its name in the ledger, such as `apply.started`."""
    version: ClassVar[int] = 1
    subject_field: ClassVar[str] = ""
    """The field, such as `host`, that names what the event is about."""
    key_fields: ClassVar[tuple[str, ...]] = ()
    """The fields that tell it from every other event of its kind and contract."""

    @property
    def subject(self) -> str:
        """What the event is about, such as `host/app1`; empty: nothing in particular."""
        named = getattr(self, self.subject_field) if self.subject_field else ""
        return f"{self.subject_field}/{named}" if named else ""

    @property
    def key(self) -> str:
        """What the database holds unique per contract and kind; empty: such an event may be recorded many times."""
        return " ".join(str(getattr(self, name)) for name in self.key_fields)

    def to_body(self) -> dict[str, Any]:
        """Return the event as the JSON object that is sealed."""
        body: dict[str, Any] = to_data(self)
        return body

    @classmethod
    def from_body(cls, body: Mapping[str, Any], version: int) -> Self:  # noqa: ARG003 - for types with a second version
        """Given a sealed body and the version that wrote it (at most this one's), return the event.

        Raise ValueError when the body is not of that version.
        """
        return from_data(cls, body)
