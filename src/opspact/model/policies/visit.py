"""The kind `visit`, as it is meant: when the customer is called on, and by whom.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class Visit(Struct):
    """When the customer is called on, and by which team or person."""

    name: str
    text: Text
    schedule: Schedule
    by: str
    takes: Duration | None
    origin: Origin
