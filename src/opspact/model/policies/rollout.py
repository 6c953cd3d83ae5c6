"""The kind `rollout`, as it is meant: in which order changes reach hosts.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration


class Rollout(Struct):
    """In which order changes reach hosts.

    `waves` are hosts chosen by name (a tuple) or a share of all in per cent (a number); `settle` None: no wait;
    `max_percent` is 100 where there is no brake.
    """

    name: str
    waves: tuple[tuple[str, ...] | int, ...]
    verify: bool
    max_failures: int
    settle: Duration | None
    max_percent: int
    origin: Origin
