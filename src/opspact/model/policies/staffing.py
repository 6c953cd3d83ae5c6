"""The kind `staffing`, as it is meant: how many people are resident, how many on site at once.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.policies.team import Bounds
from opspact.structs import Struct


class Staffing(Struct):
    """How many are resident (of `people`) on every day, and how many on site at once by `rosters`."""

    name: str
    people: tuple[str, ...]
    resident: Bounds | None
    rosters: tuple[str, ...]
    on_site: Bounds | None
    origin: Origin
