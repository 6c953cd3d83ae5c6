"""What checking hosts gave: one check per step, never silently fewer.

In: steps and what verify saw. Out: results that rollout, report and the ledger read.
"""

from collections.abc import Mapping
from enum import StrEnum

from opspact.steps.base import Step
from opspact.structs import Struct


class State(StrEnum):
    """The verdict on a step. `unknown`: the host was not checked, or the check itself failed; never taken for `ok`."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Reach(StrEnum):
    """How a host answered; everything but `reached` makes all its checks unknown."""

    REACHED = "reached"
    DOWN = "down"  # refused, no route, name unknown, or no answer within the connection time-out
    CUT_OFF = "cut off"  # answered first, then fell silent
    WRONG_HOST_KEY = "wrong host key"  # whoever answers is not who known_hosts says
    UNKNOWN_HOST_KEY = "unknown host key"  # known_hosts says nothing of who answers
    NO_JUMP_HOST = "jump host failed"  # the jump host on the way failed; the host itself was not asked
    ACCESS_DENIED = "access denied"  # the login was refused
    NO_PRIVILEGE = "no privilege"  # logged in, but may not become root
    UNKNOWN_SYSTEM = "unknown system"  # an operating system that opspact does not manage
    BROKEN = "broken"  # a shell that does not behave
    BUSY = "busy"  # another opspact holds this host's lock
    NOT_CHECKED = "not checked"  # a plan between two commits asks no host; verify and apply never say it

    @property
    def is_unreachable(self) -> bool:
        """Whether a host that was asked did not let us in; one that another opspact has locked is not unreachable."""
        return self not in {Reach.REACHED, Reach.BUSY}


class Check(Struct):
    """One step's verdict. `detail` says what differs or why it is unknown; `present` whether the subject exists.

    `obstacle`: what is there that apply must not replace (`Obstacle.found`); empty: nothing. `delay`: how many seconds
    all that differs may last, since something still starts (`StartDelay.within`); 0: it does not pass by itself.
    """

    step: Step
    state: State
    detail: str = ""
    present: bool | None = None
    obstacle: str = ""
    delay: float = 0.0


class HostResult(Struct):
    """One host's checks, in the order of its steps: as many as were planned."""

    name: str
    reach: Reach
    checks: tuple[Check, ...]
    detail: str = ""

    def count(self, state: State) -> int:
        """Return how many checks are in that state."""
        return sum(check.state is state for check in self.checks)


Results = Mapping[str, HostResult]
