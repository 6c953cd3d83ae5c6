"""The kind `review`, as it is meant: a meeting on a schedule that looks at what was measured.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class Review(Struct):
    """A review: who leads it and comes, what is on the table."""

    name: str
    text: Text
    schedule: Schedule
    led_by: str
    attended_by: tuple[str, ...]
    inputs: tuple[str, ...]
    record_within: Duration
    origin: Origin
