"""What came of an apply.

In: values from `rollout.apply`. Out: the same, for the ledger and for reports.
"""

from collections.abc import Mapping

from opspact.plan.plan import Plan
from opspact.steps.check import HostResult, Reach, Results, State
from opspact.structs import Struct, field


class ApplyOutcome(Struct):
    """What came of an apply. `results` is the last check of every chosen host; `why` says per host what went wrong."""

    plan: Plan
    results: Results
    started: bool
    why: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    signal: int = 0

    @property
    def is_converged(self) -> bool:
        """Whether every chosen host was reached and is as the policies say."""
        return not self.signal and not self.why and all(map(is_converged, self.results.values()))


def is_converged(result: HostResult) -> bool:
    """Return whether a host was reached and every check is ok."""
    return result.reach is Reach.REACHED and result.count(State.OK) == len(result.checks)
