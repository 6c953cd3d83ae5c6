"""A host's clock beside ours: how far it is off, and what its times are by ours.

Comes in: seconds by both clocks, instants by the host's. Goes out: instants by ours.
"""

import math
from datetime import datetime, timedelta

from opspact.structs import Struct

TOLERANCE = timedelta(minutes=5)
"""How far a host's clock may be off before that is reported and its times are corrected; Kerberos tolerates as much."""


class HostClock(Struct):
    """`ahead`: how many seconds the host's clock is ahead of ours (less than nothing: behind), at most a second less.

    So a corrected time is never earlier than what happened: a job that runs after an apply stays after it.
    """

    ahead: int = 0

    @property
    def is_off(self) -> bool:
        """Whether it is further off than tolerated."""
        return abs(self.ahead) > TOLERANCE.total_seconds()

    @property
    def correction(self) -> timedelta:
        """What its times are ahead of ours, as far as they are corrected: nothing within the tolerance."""
        return timedelta(seconds=self.ahead if self.is_off else 0)

    def correct(self, at: datetime) -> datetime:
        """Given an instant by the host's clock, return it by ours; as it is within the tolerance."""
        return at - self.correction


def host_clock(theirs: float, ours: float) -> HostClock:
    """Given what the host's clock says and what ours does at the same time (seconds since 1970), return its clock."""
    return HostClock(math.floor(theirs - ours))
