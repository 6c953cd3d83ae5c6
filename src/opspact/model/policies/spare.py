"""The kind `spare`, as it is meant: spare parts that are counted on a schedule.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class Spare(Struct):
    """Spare parts: which devices and services they replace, where they are kept (`site` empty: it is not said).

    `owner` counts them by `schedule`; at least `minimum` must be there.
    """

    name: str
    text: Text
    devices: tuple[str, ...]
    services: tuple[str, ...]
    where: Text
    site: str
    owner: str
    minimum: int
    ready_within: Duration
    schedule: Schedule
    origin: Origin
