"""Events of redactions: that lines which they must mask were recorded, and how they stand in the ledger.

In: the sample lines of a policy. Out: events.
"""

from typing import ClassVar

from opspact.ledger.event_type import EventType


class RedactionChecked(EventType):
    """The sample lines of a redaction (`kind/name`), recorded as all free text is: what was masked in them is masked.

    `planted`: the lines, as they stand here; `lines`: 12 hex digits over what they were, and over what must be masked
    in them. `found`: the events of the same command, by sequence number, in which one of them stands unmasked.
    """

    kind: ClassVar[str] = "redaction.checked"
    subject_field: ClassVar[str] = "policy"

    policy: str
    lines: str
    planted: tuple[str, ...]
    found: tuple[int, ...] = ()


RedactionEvent = RedactionChecked
"""Every event of redactions."""
