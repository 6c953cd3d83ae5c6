"""The kind `rollout`, as it is meant: in which order changes reach hosts.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration


class ChosenHosts(Struct):
    """A wave of named hosts; `pattern`: as it was written."""

    pattern: str
    hosts: tuple[str, ...]


class HostCount(Struct):
    """A wave of so many further hosts."""

    count: int


class HostShare(Struct):
    """A wave until so many per cent of the hosts to change have been reached, earlier waves included."""

    percent: int


class Pause(Struct):
    """No wave: the rollout stops between two of them until a person continues it; why."""

    reason: str


Wave = ChosenHosts | HostCount | HostShare | Pause


class Rollout(Struct):
    """In which order changes reach hosts, and what stops them.

    `settle` None: no wait; `max_hosts` None: no such brake; `max_percent` is 100 where there is none. `rollback`: a
    wave that fails its gate goes back to what was applied there before. `fix_drift`: policies (`kind/name`) whose drift
    may be fixed without asking anybody.
    """

    name: str
    hosts: tuple[str, ...]
    waves: tuple[Wave, ...]
    verify: bool
    max_failures: int
    settle: Duration | None
    max_hosts: int | None
    max_percent: int
    rollback: bool
    fix_drift: tuple[str, ...]
    origin: Origin
