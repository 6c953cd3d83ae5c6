"""The kind `window`, as it is meant: times of maintenance, or times when nothing may run.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.period import Period
from opspact.values.schedule import Schedule


class Window(Struct):
    """Times of maintenance, or (`blackout`) times when nothing but `allows` may run.

    Either again and again, a `length` from when `schedule` is due; or on `days`.
    """

    name: str
    blackout: bool
    hosts: tuple[str, ...]
    schedule: Schedule | None
    length: Duration | None
    days: Period | None
    allows: frozenset[str]
    origin: Origin
